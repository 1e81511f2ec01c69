"""Traces by content, so that a killed profile goes on where it was and a repeated one is free.

A key holds all that a trace depends on: the frames' bytes, the placed workflow, the operators'
source, the models' digests, library versions and the machine.
"""

import hashlib
import inspect
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from vedette.media.source import local_file
from vedette.records.codec import digest
from vedette.types.graph import EventRule, Objective, Span, Stream, Workflow

LIBRARIES = ("av", "numpy", "onnx", "onnxruntime", "opencv-python-headless", "scipy", "vedette")
_WHOLE_BYTES = 64 << 20


def trace_key(
    workflow: Workflow,
    placement: Mapping[str, str],
    spans: Mapping[str, Span],
    operators: Mapping[str, Callable[..., object]],
    models: Iterable[str],
) -> str:
    """The key of one measurement; ``models`` are the digests of the model files in use."""
    content = {
        "workflow": _work(workflow),
        "placement": dict(placement),
        "spans": dict(spans),
        "streams": {stream.name: stream_digest(stream) for _, stream in workflow.streams()},
        "operators": {s.operator: _source(operators[s.operator]) for s in workflow.steps},
        "models": sorted(models),
        "libraries": {name: version(name) for name in LIBRARIES},
        "machine": machine(),
    }
    return digest(content)


def _work(workflow: Workflow) -> Workflow:
    """What of a workflow its traces depend on: not what is asked of them, nor where files lie."""
    return replace(
        workflow,
        name="",
        objective=Objective(),
        events=EventRule(tracks=workflow.events.tracks),
        models=(),
        sources=tuple(
            replace(source, streams=tuple(_read(stream) for stream in source.streams))
            for source in workflow.sources
        ),
    )


def _read(stream: Stream) -> Stream:
    """A stream as it is read; its bytes and the frames that are taken are told beside it."""
    url = "" if Path(stream.url).exists() else stream.url
    return replace(stream, url=url, plan_on=None, report_on=None, labels=None)


def stream_digest(stream: Stream) -> str:
    """What a stream's bytes are: all of a small file; size, time, head and tail of a large one.

    Of a camera its address, since nobody can read all that it will ever show.
    """
    path = local_file(stream.url)
    if path is None or not path.exists():
        return digest(stream.url)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    marks = hashlib.blake2b(stream.url.partition("?")[2].encode(), digest_size=16)
    for file in files:
        if file.is_file():
            marks.update(_file_digest(file))
    return marks.hexdigest()


def labels_digest(stream: Stream) -> str | None:
    """What a stream's labels say, None where it has none."""
    if stream.labels is None:
        return None
    path = Path(stream.labels)
    return _file_digest(path).hex() if path.is_file() else stream.labels


def machine() -> str:
    """What figures were measured on, in words."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _file_digest(file: Path) -> bytes:
    stat = file.stat()
    marks = hashlib.blake2b(str(stat.st_size).encode(), digest_size=16)
    with file.open("rb") as stream:
        if stat.st_size <= _WHOLE_BYTES:
            marks.update(stream.read())
        else:
            marks.update(str(stat.st_mtime_ns).encode())
            marks.update(stream.read(1 << 20))
            stream.seek(-(1 << 20), os.SEEK_END)
            marks.update(stream.read())
    return marks.digest()


def _source(operator: Callable[..., object]) -> str:
    """What an operator does: the source of its module, or of all of the package that it is in."""
    module = inspect.getmodule(operator)
    top = sys.modules.get(operator.__module__.partition(".")[0])
    folders = [] if top is None or top.__name__ == "vedette" else getattr(top, "__path__", [])
    marks = hashlib.blake2b()
    for file in sorted(each for folder in folders for each in Path(folder).rglob("*.py")):
        marks.update(file.read_bytes())
    try:
        marks.update(inspect.getsource(module or operator).encode())
    except (OSError, TypeError):
        return repr(operator)
    return marks.hexdigest()
