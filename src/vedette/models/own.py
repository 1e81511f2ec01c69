"""A user's own model file: located, looked at once, and made a detector or a classifier.

What its declaration leaves unsaid is read off the file; which head it has, off one pass of a
picture of nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vedette.errors import ModelError, Place, Problem, nearest
from vedette.models.assets import Asset, digest, fetch
from vedette.models.backend import Backend
from vedette.models.detector import Usage
from vedette.models.graph import Graph, Tensor, graph_of, read_model
from vedette.models.heads import CLASSIFIER, HEADS, Fit, Head, Outputs, View, fitting
from vedette.models.labels import BACKGROUND, COCO_LABELS, COCO_NUMBERED, usual_labels
from vedette.models.onnx_backend import OnnxBackend
from vedette.models.preparing import Layout
from vedette.models.torch_backend import TorchBackend, is_torch, torch_graph
from vedette.types.models import OwnModel

USUAL_SIDE, USUAL_CLASSIFIER_SIDE, PROBE_SIDE = 640, 224, 256
MULTIPLE = 32


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of looking at a model: how it is used, why, and what else it could have been."""

    graph: Graph
    usage: Usage
    why: str
    others: tuple[tuple[str, str], ...]
    outputs: Outputs
    probed: tuple[int, int]
    assumed_labels: bool


def is_web(file: str) -> bool:
    return file.partition(":")[0] in ("http", "https")


def is_here(model: OwnModel) -> bool:
    """Whether its file is on this machine already."""
    return _asset(model).cached if is_web(model.file) else Path(model.file).is_file()


def located(model: OwnModel) -> Path:
    """The model's file on this machine, fetched if it is an address; its digest is held to.

    Raises ModelError.
    """
    if is_web(model.file):
        return fetch(_asset(model))
    path = Path(model.file)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        hint = "the right path; in a workflow it starts at that file's folder"
        raise ModelError(
            Problem(f"{found} for the model {model.name}", "a model file", hint, Place(str(path)))
        )
    if model.sha256 is not None and file_digest(path) != model.sha256:
        raise ModelError(
            Problem(
                f"sha256 {file_digest(path)} in the model {model.name}",
                f"sha256 {model.sha256}, as it was declared or planned with",
                "the file of that time, or a new profile and plan",
                Place(str(path)),
            )
        )
    return path


def _asset(model: OwnModel) -> Asset:
    name = model.file.rsplit("/", 1)[-1].partition("?")[0] or "model.onnx"
    folder = f"own/{(model.sha256 or model.name)[:16]}"
    return Asset(folder, name, "of its user", (model.file,), sha256=model.sha256)


def file_digest(path: Path) -> str:
    """The file's sha256; read again only when its size or time has changed."""
    stat = path.stat()
    return _digest(path, stat.st_size, stat.st_mtime_ns)


def identified(models: Iterable[OwnModel]) -> tuple[OwnModel, ...]:
    """The models with their bytes' digest in place of where these lie.

    A file that is missing keeps its name: whoever uses it will say so.
    """
    found = []
    for model in models:
        mark = model.sha256
        if mark is None and not is_web(model.file) and Path(model.file).is_file():
            mark = file_digest(Path(model.file))
        found.append(replace(model, file=mark or model.file, sha256=None))
    return tuple(found)


def pinned(models: Iterable[OwnModel]) -> tuple[OwnModel, ...]:
    """The models with the digests of their files, so that a plan runs these and no others."""
    return tuple(replace(each, sha256=file_digest(located(each))) for each in models)


def opened(model: OwnModel, side: int | None = None) -> tuple[Backend, Looked]:
    """A backend for a size of the model (None: what the file says), and how it is used.

    Shared by all who ask for the same bytes. Raises ModelError.
    """
    path = located(model)
    return _opened(model, side, path, file_digest(path))


@lru_cache(maxsize=32)
def _digest(path: Path, _size: int, _time: int) -> str:
    return digest(path)


_cache: dict[tuple[str, int | None, str], tuple[Backend, Looked]] = {}


def _opened(model: OwnModel, side: int | None, path: Path, mark: str) -> tuple[Backend, Looked]:
    key = (repr(replace(model, file="", sizes=(), sha256=None)), side, mark)
    if key not in _cache:
        _cache[key] = _look(model, side, path)
    return _cache[key]


def _look(model: OwnModel, side: int | None, path: Path) -> tuple[Backend, Looked]:
    place = Place(str(path))
    graph = torch_graph(path) if is_torch(path) else graph_of(read_model(path))
    picture, sizes = _inputs(graph, place)
    layout = model.layout or _layout(picture)
    fixed = _fixed(picture, layout)
    is_free = side is not None and fixed is not None and fixed != (side, side)
    backend = _backend(model, path, picture, layout, any_size=is_free)
    probed = (side, side) if side else fixed or (PROBE_SIDE, PROBE_SIDE)
    usage = Usage(
        input=picture.name,
        layout=layout,
        dtype=picture.dtype,
        sizes=sizes,
        boxes=model.boxes,
        anchors=model.anchors,
        multiple=MULTIPLE,
        labels=model.labels or graph.labels,
    )
    outputs = _probe(backend, usage, probed)
    head, fit, others = _head(model, outputs, usage.view(*probed), place)
    usage = replace(usage, head=head, labels=usage.labels or _labels(head, fit, sizes))
    usage = replace(usage, preparation=_preparation(model, head, picture.dtype))
    if side is None:
        usual = USUAL_CLASSIFIER_SIDE if head.name == CLASSIFIER else USUAL_SIDE
        usage = replace(usage, fixed=fixed or (usual, usual))
    assumed = not (model.labels or graph.labels)
    return backend, Looked(graph, usage, fit.why, others, outputs, probed, assumed)


def _backend(
    model: OwnModel, path: Path, picture: Tensor, layout: Layout, *, any_size: bool
) -> Backend:
    if is_torch(path):
        return TorchBackend(path)
    return OnnxBackend(
        path,
        input=picture.name,
        provider=model.provider,
        any_size=any_size,
        channels=1 if layout == "nchw" else 3,
    )


def _inputs(graph: Graph, place: Place) -> tuple[Tensor, str | None]:
    """The picture's input, and one that asks for the picture's size if there is one."""
    pictures = [each for each in graph.inputs if each.shape is None or len(each.shape) == 4]
    others = [each for each in graph.inputs if each not in pictures]
    sizes = [each for each in others if each.dtype == "int64" and "size" in each.name.lower()]
    odd = [each for each in others if each not in sizes]
    if len(pictures) != 1 or odd or len(sizes) > 1:
        listed = "; ".join(map(str, graph.inputs)) or "none"
        raise ModelError(
            Problem(
                f"inputs {listed}",
                "one picture of four axes (and at most one for its size)",
                "exporting it with a picture as its only input",
                place,
            )
        )
    picture = pictures[0]
    if picture.dtype not in ("float32", "float16", "uint8"):
        raise ModelError(
            Problem(
                f"the input {picture}",
                "a picture of float32, float16 or uint8",
                "exporting it so",
                place,
            )
        )
    return picture, sizes[0].name if sizes else None


def _layout(picture: Tensor) -> Layout:
    shape = picture.shape
    return "nhwc" if shape is not None and shape[3] == 3 and shape[1] != 3 else "nchw"


def _fixed(picture: Tensor, layout: Layout) -> tuple[int, int] | None:
    """(width, height), where the file fixes both."""
    if picture.shape is None:
        return None
    height, width = picture.shape[2:] if layout == "nchw" else picture.shape[1:3]
    if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
        return width, height
    return None


def pass_of(backend: Backend, looked: Looked) -> Callable[[], Outputs]:
    """One pass of a picture of nothing, to be timed."""
    size = looked.usage.fixed or looked.probed
    return lambda: _probe(backend, looked.usage, size)


def _probe(backend: Backend, usage: Usage, size: tuple[int, int]) -> Outputs:
    width, height = size
    shape = (1, 3, height, width) if usage.layout == "nchw" else (1, height, width, 3)
    given: dict[str, Any] = {usage.input: np.zeros(shape, usage.dtype)}
    if usage.sizes:
        given[usage.sizes] = np.array([[width, height]], np.int64)
    return backend.submit(given).result()


def _head(
    model: OwnModel, outputs: Outputs, view: View, place: Place
) -> tuple[Head, Fit, tuple[tuple[str, str], ...]]:
    """The declared head, which must fit, or the likeliest of those that do."""
    found = list(fitting(outputs, view))
    said = ", ".join(f"{name} {array.shape}" for name, array in outputs.items())
    if model.head is None:
        if not found:
            expected = "outputs of a family that Vedette reads, with as many labels as declared"
            hint = nearest("head", list(HEADS)) if not view.labels else "checking labels"
            raise ModelError(Problem(f"outputs {said}", expected, hint, place))
        (head, fit), *rest = found
        return head, fit, tuple((other.name, each.why) for other, each in rest)
    fits = {head.name: fit for head, fit in found}
    head = HEADS[model.head]
    known = fits.get(model.head)
    if known is None:
        hint = f"head: {found[0][0].name}" if found else "another head, or another export"
        expected = f"the outputs of {head.families} (head: {head.name})"
        raise ModelError(Problem(f"outputs {said}", expected, hint, place))
    return head, known, tuple((name, each.why) for name, each in fits.items() if name != head.name)


def _labels(head: Head, fit: Fit, sizes: str | None) -> tuple[str, ...]:
    """What its classes are called where nobody said: those of common training sets."""
    if fit.labels is not None:
        return usual_labels(fit.labels)
    if head.name == "ssd":
        return COCO_NUMBERED
    if head.name == "torchvision" and sizes is None:
        return (BACKGROUND, *COCO_NUMBERED)
    return COCO_LABELS


def _preparation(model: OwnModel, head: Head, dtype: str) -> Any:
    usual = head.preparation
    if dtype == "uint8":  # the scaling is inside
        usual = replace(usual, range=(0.0, 255.0), mean=(0.0,) * 3, std=(1.0,) * 3)
    said = {
        name: getattr(model, name)
        for name in ("colours", "range", "mean", "std", "pad", "fit")
        if getattr(model, name) is not None
    }
    if "range" in said and not {"mean", "std"} & said.keys():
        usual = replace(usual, mean=(0.0,) * 3, std=(1.0,) * 3)
    return replace(usual, **said)


def side_of(model: OwnModel, variant_name: str) -> int | None:
    """The side that a variant of the model is probed at; None: what the file says."""
    variant = next(each for each in model.variants() if each.name == variant_name)
    return variant.size or None
