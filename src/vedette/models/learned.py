"""What a cascade learned, ready to use: what changes in its zone, its own network, its audit."""

import logging
import math
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from vedette.change import Change
from vedette.errors import ModelError, Place, Problem
from vedette.image import PATCH_SIDE, THUMBNAIL_SIDE, around, patch, planar
from vedette.records.cascade import DIFFERENCE, SPECIAL, Arrays, npz_arrays, read_part
from vedette.types.cascade import Cascade, Promise
from vedette.types.events import Incident
from vedette.types.media import Frame, Key, Region

if TYPE_CHECKING:
    from vedette.models.backend import Backend

log = logging.getLogger(__name__)

NOTICE = 64
"""Source frames from a finding to the suspension: more than are under way at once, so that every
executor, and a run that goes on after a kill, suspends at the same frame of a file."""
_AGAIN = "vedette learn cascade, which writes the folder again"


class Scorer:
    """A specialised model: how likely the answer about a frame is yes. Safe in several threads."""

    def __init__(self, backend: "Backend", region: Region, place: Place) -> None:
        self._backend, self._region, self._place = backend, region, place

    def score(self, frame: Frame) -> float:
        """The calibrated probability of a yes. Raises ModelError."""
        return self._run(planar(patch(frame, self._region)[None]))

    def _run(self, pixels: Any) -> float:
        outputs = self._backend.submit({"pixels": pixels}).result()
        found = outputs.get("probability")
        if found is None or found.size != 1 or not 0 <= float(found.flat[0]) <= 1:
            said = ", ".join(f"{name} {array.shape}" for name, array in outputs.items())
            expected = "probability: one number from 0 to 1 for each picture"
            raise ModelError(Problem(f"outputs {said}", expected, _AGAIN, self._place))
        return float(found.flat[0])

    def probe(self) -> None:
        """Raise ModelError if it cannot score a picture of nothing."""
        self._run(np.zeros((1, 3, PATCH_SIDE, PATCH_SIDE), np.float32))


class Audit:
    """Which frames go to the reference anyhow, and since when all of them do.

    One belongs to one run and is shared by all its steps. A sampled frame is the same one in every
    process and run. Safe in several threads.
    """

    def __init__(self, cascade: Cascade) -> None:
        self._name, self._size = cascade.name, cascade.size
        self._below = int(cascade.audit * 2**64)
        self._from: dict[str, int] = {}
        self._incidents: dict[str, Incident] = {}
        self._lock = Lock()
        self.promise: Promise = cascade.promise

    def asks(self, key: Key) -> bool:
        """Whether the reference answers this frame, whatever the stages before it say."""
        return self.is_suspended(key) or self.samples(key)

    def samples(self, key: Key) -> bool:
        """Whether it is one of those that the promise is held against."""
        text = f"{self._name}\0{key.stream}\0{key.frame}".encode()
        return int.from_bytes(blake2b(text, digest_size=8).digest()) < self._below

    def is_suspended(self, key: Key) -> bool:
        return key.frame >= self._from.get(key.stream, key.frame + 1)

    def suspend(self, stream: str, frame: int, why: str) -> None:
        """Have all frames of a stream answered by the reference, from a frame on."""
        with self._lock:
            if stream in self._from:
                return
            self._from[stream] = frame
            detail = f"{self._name}: {why}; from frame {frame} on the reference answers all frames"
            self._incidents[stream] = Incident("cascade suspended", stream, detail)
        log.warning("cascade suspended on %s: %s", stream, detail)

    def incidents(self) -> tuple[Incident, ...]:
        return tuple(self._incidents.values())

    def ensure_size(self, size: tuple[int, int]) -> None:
        """Raise ModelError for a camera whose picture has changed since."""
        if size != self._size:
            raise ModelError(changed_size(self._name, self._size, size))


def changed_size(name: str, learned: tuple[int, int], now: tuple[int, int]) -> Problem:
    return Problem(
        f"a picture of {now[0]} x {now[1]} for the cascade {name}",
        f"{learned[0]} x {learned[1]}, which it was learned on",
        "vedette learn cascade, on what the camera sends now",
    )


def change_of(cascade: Cascade) -> Change:
    """A difference stage's learned part. Raises ModelError."""
    path = Path(cascade.file) / DIFFERENCE
    arrays = npz_arrays(read_part(cascade, DIFFERENCE, ModelError), path, ModelError)
    found = _change(arrays)
    if found is None:
        said = ", ".join(f"{name} {each.dtype} {each.shape}" for name, each in arrays.items())
        expected = "region (4,), and as learned background (50, 50) uint8, weights (k*k,), bias"
        raise ModelError(Problem(said or "no arrays", expected, _AGAIN, Place(str(path))))
    needed = {"background": found.background, "blocks": found.weights}
    method = cascade.difference.method if cascade.difference else "last"
    if method in needed and needed[method] is None:
        problem = Problem(f"nothing learned for the method {method}", "it", _AGAIN)
        raise ModelError(problem)
    return found


def change_arrays(change: Change) -> dict[str, Any]:
    """What ``difference.npz`` holds of it."""
    arrays: dict[str, Any] = {"region": np.array(change.region, np.float64)}
    if change.background is not None:
        arrays["background"] = change.background
    if change.weights is not None:
        arrays |= {"weights": change.weights, "bias": np.float64(change.bias)}
    return arrays


def _change(arrays: Arrays) -> Change | None:
    kinds: Mapping[str, tuple[str, Callable[[tuple[int, ...]], bool]]] = {
        "region": ("f", lambda shape: shape == (4,)),
        "background": ("u", lambda shape: shape == (THUMBNAIL_SIDE,) * 2),
        "weights": ("f", lambda shape: len(shape) == 1 and _is_square(shape[0])),
        "bias": ("f", lambda shape: shape == ()),
    }
    for name, array in arrays.items():
        kind, fits = kinds.get(name, ("", lambda _: False))
        if array.dtype.kind != kind or not fits(array.shape):
            return None
        if kind == "f" and not np.isfinite(array).all():
            return None
    if "region" not in arrays or ("weights" in arrays) != ("bias" in arrays):
        return None
    background = arrays.get("background")
    if background is not None and background.dtype != np.uint8:
        return None
    x0, y0, x1, y1 = arrays["region"].astype(float).tolist()
    if not (x0 < x1 and y0 < y1):
        return None
    bias = float(arrays["bias"]) if "bias" in arrays else 0.0
    return Change((x0, y0, x1, y1), background, arrays.get("weights"), bias)


def _is_square(count: int) -> bool:
    side = round(math.sqrt(count))
    return 0 < side <= THUMBNAIL_SIDE and side * side == count


def scorer_of(cascade: Cascade) -> Scorer:
    """A cascade's own network. Raises ModelError."""
    from vedette.models.onnx_backend import OnnxBackend  # noqa: PLC0415  # slow to import

    read_part(cascade, SPECIAL, ModelError)
    path = Path(cascade.file) / SPECIAL
    backend = OnnxBackend(path, input="pixels", any_size=False)
    region = around(cascade.question.zone, cascade.size)
    scorer = Scorer(backend, region, Place(str(path)))
    scorer.probe()
    return scorer


def ensure_whole(cascade: Cascade) -> None:
    """Raise ModelError where a learned file is missing, not the one that was learned, or unusable.

    Of stages that the cascade has.
    """
    if cascade.difference is not None:
        change_of(cascade)
    if any(stage.model == "special" for stage in cascade.scores):
        scorer_of(cascade)


LOADERS: Mapping[str, Callable[[Cascade], Any]] = {"difference": change_of, "special": scorer_of}
"""What a process needs one of, by the part's name."""
