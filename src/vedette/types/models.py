"""Models as plans name them (variants), and files of the user's as they are declared."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from vedette.types.cascade import Cascade

HeadName = Literal[
    "yolox",
    "yolov5",
    "yolov8",
    "yolov3-tiny",
    "yolov3",
    "yolov4",
    "yolov4-tiny",
    "yolov5-raw",
    "end2end",
    "ssd",
    "torchvision",
    "ssd-scores",
    "detr",
    "rtdetr",
    "classifier",
]
Size = int | str
"""One side of a square input, or text as "416-wide": the longer side, the other as needed."""
WIDE = "-wide"


@dataclass(frozen=True, slots=True)
class Variant:
    """A model at one input size; with ``expansion`` it becomes several steps before placement.

    ``shape`` "square": ``size`` x ``size``; "picture": ``size`` on the picture's longer side, and
    as much on the other as it needs, rounded up to 32; "file": what the model's file says (then
    ``size`` is 0). ``over`` is the variant that an expansion's inner step runs. ``cascade`` is what
    becomes the stages of a cascade.
    """

    name: str
    model: str
    size: int
    shape: Literal["square", "picture", "file"] = "square"
    provider: str = "cpu"
    expansion: str | None = None
    over: str | None = None
    cascade: Cascade | None = None


@dataclass(frozen=True, slots=True)
class OwnModel:
    """One file, and how it is used. None, or nothing: found out from the file and its head.

    ``file`` is a path, or an https address whose bytes ``sha256`` states. Each of ``sizes`` is a
    variant. A pixel's 0 to 255 becomes ``range``, then loses ``mean`` and is divided by ``std``,
    both in the order of ``colours``. ``boxes``: whether they count pixels of the input or shares
    of it. ``anchors``: (width, height) pairs by the stride of their grid.
    """

    name: str
    file: str
    sha256: str | None = None
    head: HeadName | None = None
    sizes: tuple[Size, ...] = ()
    labels: tuple[str, ...] = ()
    colours: Literal["rgb", "bgr"] | None = None
    range: tuple[float, float] | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    pad: float | None = None
    fit: Literal["letterbox", "stretch"] | None = None
    layout: Literal["nchw", "nhwc"] | None = None
    boxes: Literal["pixels", "shares"] | None = None
    anchors: Mapping[int, tuple[tuple[float, float], ...]] | None = None
    provider: str = "cpu"

    def variants(self) -> tuple[Variant, ...]:
        """One a size, and of each a tiled one: the whole picture and its corners, merged.

        >>> sized = OwnModel("mine", "mine.onnx", sizes=(640, "416-wide"))
        >>> [each.name for each in sized.variants()]
        ['mine-640', 'mine-640-tiled', 'mine-416-wide', 'mine-416-wide-tiled']
        >>> [each.name for each in OwnModel("mine", "mine.onnx").variants()]
        ['mine', 'mine-tiled']
        """
        plain = [self._variant(size) for size in self.sizes or (None,)]
        if self.head == "classifier":
            return tuple(plain)
        return tuple(form for each in plain for form in (each, _tiled(each)))

    def _variant(self, size: Size | None) -> Variant:
        name = self.name if len(self.sizes) < 2 else f"{self.name}-{size}"
        if size is None:
            return Variant(name, self.name, 0, "file", self.provider)
        if isinstance(size, int):
            return Variant(name, self.name, size, "square", self.provider)
        return Variant(name, self.name, int(size.removesuffix(WIDE)), "picture", self.provider)


def _tiled(one: Variant) -> Variant:
    return Variant(
        f"{one.name}-tiled",
        one.model,
        one.size,
        one.shape,
        one.provider,
        expansion="tiles",
        over=one.name,
    )


PARTS = {"difference": "Change", "special": "Scorer", "audit": "Audit"}
"""What a cascade learned, by the name after its own: what an operator takes it as."""


def variants_of(own: OwnModel | Cascade) -> tuple[Variant, ...]:
    """What steps may name of a model, or of a cascade: itself, and its learned parts.

    >>> from vedette.types.cascade import Promise, Question
    >>> gate = Cascade("gate", Question({"car": ("car",)}), Promise(0.01, 0.01), "nano", (640, 360))
    >>> [each.name for each in variants_of(gate)]
    ['gate', 'gate/difference', 'gate/special', 'gate/audit']
    """
    if isinstance(own, OwnModel):
        return own.variants()
    whole = Variant(own.name, own.name, 0, "file", expansion="cascade", cascade=own)
    parts = (Variant(f"{own.name}/{part}", own.name, 0, "file", cascade=own) for part in PARTS)
    return (whole, *parts)
