"""What ``vedette serve`` is told to serve: variants of the zoo, and ONNX files as they are."""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vedette.errors import ModelError, Place, Problem, nearest
from vedette.models import load_backend, variants
from vedette.models.rows import Batching
from vedette.models.wire import DTYPES, ModelMetadata, TensorMetadata
from vedette.models.zoo import MODELS
from vedette.serve.batching import BatchedModel
from vedette.serve.coded import Coded
from vedette.serve.repository import Key, Opener
from vedette.serve.room import Room
from vedette.serve.served import Model, Served

if TYPE_CHECKING:
    from vedette.models.onnx_backend import OnnxBackend, OnnxRows

PLATFORM = "onnxruntime_onnx"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DATATYPES = {str(dtype): name for name, dtype in DTYPES.items() if name != "BF16"}


@dataclass(frozen=True, slots=True)
class Told:
    """One MODEL of the command line; ``file`` is None for a variant of the zoo."""

    name: str
    version: str
    source: str
    file: Path | None

    @property
    def key(self) -> Key:
        return self.name, self.version


def told(text: str) -> Told:
    """Reads ``VARIANT``, ``FILE.onnx``, ``NAME=...`` or ``NAME:VERSION=...``. Raises ModelError.

    >>> told("nano:2=yolox-nano-416")
    Told(name='nano', version='2', source='yolox-nano-416', file=None)
    """
    label, equals, source = text.rpartition("=")
    file = Path(source) if source.lower().endswith(".onnx") else None
    name, _, version = label.partition(":")
    name = name if equals else (file.stem if file else source)
    if not _NAME.fullmatch(name) or (version and not (version.isdigit() and version[0] != "0")):
        raise ModelError(
            Problem(
                f"{text!r}, whose name or version cannot be part of an address",
                "letters, digits, dots, - and _; a version is a whole number from 1",
                "NAME=FILE.onnx, or NAME:2=FILE.onnx",
            )
        )
    if file is None:
        _ensure_known(source)
    elif not file.is_file():
        raise ModelError(
            Problem("no such file", "an ONNX file", f"ls {file.parent}", Place(str(file)))
        )
    return Told(name, version or "1", source, file)


def openers(models: Iterable[Told], *, batching: Batching, threads: int) -> Mapping[Key, Opener]:
    """What opens each of them, versions in order. Raises ModelError where two are one."""
    found: dict[Key, Opener] = {}
    room = Room()
    for each in sorted(models, key=lambda one: (one.name, int(one.version))):
        if each.key in found:
            raise ModelError(
                Problem(
                    f"two models {each.name} of version {each.version}",
                    "each once",
                    f"{each.name}:2={each.source}",
                )
            )
        found[each.key] = partial(_open, each, batching, threads, room)
    return found


async def _open(one: Told, batching: Batching, threads: int, room: Room) -> Model:
    backend: OnnxBackend | OnnxRows
    backend, metadata = await asyncio.to_thread(_of_file if one.file else _of_zoo, one)
    runner = BatchedModel(
        backend,
        batching,
        threads=threads,
        rows_at_once=backend.rows_at_once,
        cpu_s=time.thread_time if backend.provider == "cpu" else None,
    )
    return Coded(Served(metadata, runner), room)


def _of_zoo(one: Told) -> "tuple[OnnxBackend, ModelMetadata]":
    backend, variant = load_backend(one.source)
    side = -1 if variant.shape == "picture" else variant.size
    picture = TensorMetadata(MODELS[variant.model].input, "FP32", (-1, 3, side, side))
    outputs = [
        TensorMetadata(each.name, "FP32", _free_but_last(each.shape or (-1,)))
        for each in backend.graph.outputs
    ]
    return backend, _metadata(one, [picture], outputs)


def _of_file(one: Told) -> "tuple[OnnxRows, ModelMetadata]":
    from vedette.models.onnx_backend import OnnxRows  # noqa: PLC0415  # slow to import

    assert one.file is not None  # it was asked for as one
    backend = OnnxRows(one.file)
    inputs, outputs = (
        [
            TensorMetadata(
                each.name, _DATATYPES[each.dtype], (-1, *_free((each.shape or (0,))[1:]))
            )
            for each in tensors
        ]
        for tensors in (backend.inputs, backend.outputs)
    )
    return backend, _metadata(one, inputs, outputs)


def _metadata(
    one: Told, inputs: Iterable[TensorMetadata], outputs: Iterable[TensorMetadata]
) -> ModelMetadata:
    return ModelMetadata(one.name, (one.version,), PLATFORM, tuple(inputs), tuple(outputs))


def _free(shape: Iterable[Any]) -> tuple[int, ...]:
    return tuple(each if isinstance(each, int) else -1 for each in shape)


def _free_but_last(shape: tuple[Any, ...]) -> tuple[int, ...]:
    return (*(-1,) * (len(shape) - 1), *_free(shape[-1:]))


def _ensure_known(name: str) -> None:
    known = [each.name for each in variants(larger=True).values() if not each.over]
    if name not in known:
        raise ModelError(
            Problem(
                f"the model {name!r}", "a variant of the zoo, or a FILE.onnx", nearest(name, known)
            )
        )
