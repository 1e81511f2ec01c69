"""A look at a model file before anything depends on it: what it is, what it costs, what it sees."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, cast

from vedette.declaring.models import own_model, plain_model
from vedette.errors import ModelError
from vedette.image import ArrayPicture
from vedette.media.drawing import ALERT, draw_box
from vedette.media.jpeg import encode_jpeg
from vedette.media.source import open_source
from vedette.models import Backend, loader, reference_call
from vedette.models.own import Looked, file_digest, opened, pass_of
from vedette.records.files import write_bytes
from vedette.records.layout import yaml_text
from vedette.types.graph import Stream
from vedette.types.media import Frame
from vedette.types.models import HeadName, OwnModel

PASSES, LOOKED_AT = 5, 8
Found = tuple[tuple[str, float, tuple[float, ...]], ...]
"""Label, confidence and box of each object; a classifier's surest labels have no box."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model made of one frame."""

    frame: int
    found: Found


@dataclass(frozen=True, slots=True)
class ModelReport:
    """All that a dry run of a model file tells.

    ``inputs`` and ``outputs`` as the file states them, ``answered`` as they came out of one pass
    of a picture of ``size``. ``pass_ms`` are CPU milliseconds on this machine, ``reference_ms``
    those of the reference call beside it (None where that model cannot be had). ``others`` are
    heads that would fit as well. ``yaml`` goes under ``models`` in a workflow.
    """

    file: str
    size_bytes: int
    sha256: str
    opset: int
    producer: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    answered: tuple[str, ...]
    unknown_operators: tuple[str, ...]
    head: str
    families: str
    why: str
    others: tuple[tuple[str, str], ...]
    size: tuple[int, int]
    labels: tuple[str, ...]
    labels_assumed: bool
    pass_ms: float
    reference_ms: float | None
    yaml: str
    seen: tuple[Seen, ...] = ()


def check_model(
    file: str | Path,
    *,
    on: str | Path | None = None,
    picture: Path | None = None,
    confidence: float = 0.3,
    **said: Any,
) -> ModelReport:
    """Run a model file once, dry, and on some frames of ``on`` where that is given.

    ``said`` is what a workflow would say of it (``head="yolov8"``, ``size=640``). ``picture``:
    where to write the frame with the most objects, boxes drawn. Raises ModelError, or MediaError.
    """
    path = Path(file)
    model = own_model(_name(path), str(path), Path(), said)
    side = model.variants()[0].size or None
    backend, looked = opened(model, side)
    pass_ms, reference_ms = _times(backend, looked)
    seen, busiest = _seen_on(model, str(on), confidence) if on else ((), None)
    if picture is not None and busiest is not None:
        _draw(busiest, seen, picture)
    graph, usage = looked.graph, looked.usage
    return ModelReport(
        file=str(path),
        size_bytes=path.stat().st_size,
        sha256=file_digest(path),
        opset=graph.opset,
        producer=graph.producer,
        inputs=tuple(map(str, graph.inputs)),
        outputs=tuple(map(str, graph.outputs)),
        answered=tuple(f"{n}: {a.dtype} {a.shape}" for n, a in looked.outputs.items()),
        unknown_operators=graph.unknown,
        head=usage.head.name,
        families=usage.head.families,
        why=looked.why,
        others=looked.others,
        size=usage.fixed or looked.probed,
        labels=usage.labels,
        labels_assumed=looked.assumed_labels,
        pass_ms=pass_ms,
        reference_ms=reference_ms,
        yaml=_yaml(model, looked),
        seen=seen,
    )


def _name(path: Path) -> str:
    name = "".join(each if each.isalnum() or each in "-_" else "-" for each in path.stem)
    return name.strip("-") or "mine"


def _yaml(model: OwnModel, looked: Looked) -> str:
    """The model with all that was found out, so that a reader sees what to change."""
    usage, prepared = looked.usage, looked.usage.preparation
    width, height = usage.fixed or looked.probed
    full = replace(
        model,
        head=cast("HeadName", usage.head.name),
        sizes=model.sizes or ((width,) if width == height else ()),
        labels=() if looked.assumed_labels and len(usage.labels) > 20 else usage.labels,
        colours=prepared.colours,
        range=prepared.range,
        mean=prepared.mean if any(prepared.mean) else None,
        std=prepared.std if set(prepared.std) != {1.0} else None,
        fit=prepared.fit,
    )
    return yaml_text({"models": {model.name: plain_model(full)}})


def _times(backend: Backend, looked: Looked) -> tuple[float, float | None]:
    """CPU milliseconds of a pass, and of the reference call, taken by turns."""
    own = pass_of(backend, looked)
    try:
        reference = reference_call()
    except ModelError:  # no index to fetch it from
        return median(_ms(own) for _ in range(PASSES)), None
    pairs = [(_ms(own), _ms(reference)) for _ in range(PASSES)]
    return median(one for one, _ in pairs), median(other for _, other in pairs)


def _ms(call: Any) -> float:
    start = time.process_time()
    call()
    return 1000 * (time.process_time() - start)


def _seen_on(model: OwnModel, url: str, confidence: float) -> tuple[tuple[Seen, ...], Frame | None]:
    loaded = loader((model,))(model.variants()[0].name)
    seen: list[Seen] = []
    most, busiest = -1, None
    for frame in _spread(url):
        if hasattr(loaded, "classify"):
            (shares,) = loaded.classify([frame])
            top = shares.argsort()[::-1][:3]
            found: Found = tuple((loaded.labels[i], float(shares[i]), ()) for i in top)
        else:
            (each,) = loaded.detect([frame], confidence=confidence)
            found = tuple(
                (each.labels[label], float(sure), tuple(map(float, box)))
                for label, sure, box in zip(each.label, each.confidence, each.boxes, strict=True)
            )
        seen.append(Seen(frame.key.frame, found))
        if len(found) > most:
            most, busiest = len(found), frame
    return tuple(seen), busiest


def _spread(url: str) -> Iterator[Frame]:
    """Some frames from the whole length of a file, in one pass; a picture is a video of one."""
    with open_source(Stream("on", url)) as reader:
        every = max(1, (reader.frames_declared or LOOKED_AT) // LOOKED_AT)
        for frame in reader.frames():
            if frame.key.frame % every == every // 2:
                yield frame
            if frame.key.frame >= every * LOOKED_AT:
                return


def _draw(frame: Frame, seen: Sequence[Seen], path: Path) -> None:
    pixels = frame.picture.bgr().copy()
    found = next(each.found for each in seen if each.frame == frame.key.frame)
    for label, sure, box in found:
        if box:
            draw_box(pixels, box, f"{label} {sure:.2f}", ALERT)
    write_bytes(path, encode_jpeg(ArrayPicture(pixels), 92))
