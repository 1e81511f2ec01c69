"""Models: where their bytes come from, what runs them, and how their outputs are read.

Sessions are shared by all steps and streams of a process. ONNX Runtime is imported when the
first model is loaded.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from vedette.errors import ModelError, Problem
from vedette.models.assets import fetch
from vedette.models.backend import Backend, Classifier, Detector
from vedette.models.learned import LOADERS, Audit, Scorer
from vedette.models.transfer import Progress, quiet
from vedette.models.zoo import MODELS, catalogue, variant, variants
from vedette.types.cascade import Cascade
from vedette.types.media import Frame
from vedette.types.models import OwnModel, Variant, variants_of

if TYPE_CHECKING:
    from vedette.models.onnx_backend import OnnxBackend
    from vedette.models.remote import Remote

__all__ = [
    "REFERENCE_MS",
    "Backend",
    "Classifier",
    "Detector",
    "catalogue",
    "fetch_model",
    "load_backend",
    "load_detector",
    "loader",
    "reference_call",
    "variants",
    "warm",
]

REFERENCE_MS = 7.7
"""CPU milliseconds of the reference call on a device of speed 1."""

_lock = Lock()
_backends: dict[tuple[str, str], "OnnxBackend"] = {}
_loaded: dict[tuple[str, str], Any] = {}


def fetch_model(variant_name: str, progress: Progress = quiet) -> Path:
    """Have a variant's file in the cache; returns where. Raises ModelError."""
    return fetch(MODELS[variant(variant_name).model].asset, progress)


def load_detector(variant_name: str) -> Detector:
    """The process's one detector of that variant of the zoo. Raises ModelError."""
    found: Detector = _shared(variant_name, None)
    return found


def load_backend(variant_name: str) -> tuple["OnnxBackend", Variant]:
    """What runs a variant of the zoo, arrays in and out, and the variant. Raises ModelError."""
    chosen = _single(variant(variant_name))
    with _lock:
        return _backend(chosen.model, chosen.provider), chosen


def loader(
    own: Iterable[OwnModel | Cascade] = (), remote: "Mapping[str, Remote] | None" = None
) -> Callable[[str], Any]:
    """What loads a variant by name, of a user's ``own`` models and cascades or else of the zoo.

    What it returns is a Detector or a Classifier, or what a cascade learned (a Change, a Scorer, an
    Audit); it raises ModelError. A process has one of each, but for an Audit, which is one run's,
    as are variants that ``remote`` says are served elsewhere.
    """
    brought = {each.name: one for one in own for each in variants_of(one)}
    elsewhere = remote or {}

    def load(variant_name: str) -> Any:
        one = brought.get(variant_name)
        if variant_name in elsewhere:
            return _opened(variant_name, one, elsewhere[variant_name])
        if isinstance(one, Cascade) and variant_name == f"{one.name}/audit":
            return Audit(one)
        return _shared(variant_name, one)

    return load


def warm(model: Any, frame: Frame) -> None:
    """Show a model one picture: the first of a size takes many times what later ones do."""
    if hasattr(model, "classify"):
        model.classify([frame])
    elif hasattr(model, "detect"):
        model.detect([frame], confidence=1.0)
    elif isinstance(model, Scorer):
        model.score(frame)


def reference_call() -> Callable[[], None]:
    """One pass of YOLOX-Nano 416 on a fixed picture: the measure of every machine's speed."""
    with _lock:
        backend = _backend("yolox-nano", "cpu")
    rows, columns = np.mgrid[:416, :416].astype(np.float32)
    waves = [127.5 + 127.5 * np.sin(rows / 9 * k) * np.cos(columns / 13 * k) for k in (1, 2, 3)]
    batch = {MODELS["yolox-nano"].input: np.stack(waves)[None].astype(np.float32)}

    def call() -> None:
        backend.submit(batch).result()

    call()  # the first pass plans its memory
    return call


def _shared(name: str, own: OwnModel | Cascade | None) -> Any:
    key = (name, repr(own) if own else "")
    with _lock:
        if key not in _loaded:
            _loaded[key] = _opened(name, own)
        return _loaded[key]


def _opened(name: str, own: OwnModel | Cascade | None, remote: "Remote | None" = None) -> Any:
    if own is None:
        return _of_zoo(name, remote)
    if isinstance(own, Cascade):
        return _of_cascade(name, own, remote)
    return _of_user(name, own, remote)


def _of_cascade(name: str, own: Cascade, remote: "Remote | None") -> Any:
    if remote is not None:
        raise ModelError(
            Problem(
                f"{name}, a part of a cascade, as a remote model",
                "a detector or a classifier; a cascade's own parts take microseconds",
                "placing its step on the other machine",
            )
        )
    for part, load in LOADERS.items():
        if name == f"{own.name}/{part}":
            return load(own)
    raise ModelError(
        Problem(
            f"the cascade {name}, which is several steps and no detector of its own",
            "a detector, or a part of the cascade",
            "expanding the workflow before it runs, as a plan does",
        )
    )


def _of_zoo(name: str, remote: "Remote | None") -> Detector:
    from vedette.models.detector import HeadDetector, Usage  # noqa: PLC0415  # OpenCV, when needed

    chosen = _single(variant(name))
    entry = MODELS[chosen.model]
    usage = Usage(input=entry.input, multiple=entry.multiple)
    if remote is not None:
        return HeadDetector(_served(remote, entry.input), chosen, usage)
    return HeadDetector(_backend(chosen.model, chosen.provider), chosen, usage)


def _of_user(name: str, own: OwnModel, remote: "Remote | None") -> Any:
    """How it is used is read off its file, which is here, also where it is served elsewhere."""
    from vedette.models.detector import HeadClassifier, HeadDetector  # noqa: PLC0415  # as above
    from vedette.models.heads import CLASSIFIER  # noqa: PLC0415  # as above
    from vedette.models.own import opened  # noqa: PLC0415  # as above

    chosen = _single(next(each for each in own.variants() if each.name == name))
    backend, looked = opened(own, chosen.size or None)
    if remote is not None:
        backend = _served(remote, looked.usage.input)
    kind = HeadClassifier if looked.usage.head.name == CLASSIFIER else HeadDetector
    return kind(backend, chosen, looked.usage)


def _served(remote: "Remote", name: str) -> Backend:
    from vedette.models.remote_backend import RemoteBackend  # noqa: PLC0415  # asyncio, when needed

    return RemoteBackend(remote, input=name)


def _single(chosen: Variant) -> Variant:
    if chosen.over:
        raise ModelError(
            Problem(
                f"the model {chosen.name}, which is several steps and no detector of its own",
                f"the variant that its inner step runs: {chosen.over}",
                "expanding the workflow before it runs, as a plan does",
            )
        )
    return chosen


def _backend(model: str, provider: str) -> "OnnxBackend":
    from vedette.models.onnx_backend import OnnxBackend  # noqa: PLC0415  # slow to import

    if (model, provider) not in _backends:
        entry = MODELS[model]
        path = fetch(entry.asset)
        _backends[model, provider] = OnnxBackend(path, input=entry.input, provider=provider)
    return _backends[model, provider]
