"""One version of a model as a server has it: its requests are checked, its answers counted."""

import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol

from numpy.typing import NDArray

from vedette.errors import ModelError
from vedette.models.backend import Arrays
from vedette.models.batching import Answer
from vedette.models.rows import Batching
from vedette.models.wire import (
    COMPUTE_US,
    QUEUE_US,
    InferRequest,
    InferResponse,
    ModelMetadata,
    Tensor,
    TensorMetadata,
    WireError,
    wrong,
)
from vedette.serve.configuration import of_rows
from vedette.serve.statistics import Statistics

log = logging.getLogger(__name__)


class Model(Protocol):
    """What a repository holds. A model's request never names another version than this one."""

    @property
    def metadata(self) -> ModelMetadata: ...

    @property
    def configuration(self) -> Mapping[str, Any]:
        """How it is served: see :mod:`vedette.serve.configuration`."""
        ...

    @property
    def statistics(self) -> Statistics: ...

    async def infer(
        self, request: InferRequest, *, deadline_s: float | None = None
    ) -> InferResponse:
        """The answer. ``deadline_s`` is a time of the event loop's clock. Raises WireError."""
        ...

    async def aclose(self) -> None:
        """Answer what was accepted, and let go of what it holds."""
        ...


class Runner(Protocol):
    """Computes one request's arrays, alone or among others, and tells how long that took."""

    @property
    def batching(self) -> Batching: ...

    @property
    def waiting_rows(self) -> int: ...

    async def infer(self, arrays: Arrays, *, deadline_s: float | None = None) -> Answer: ...

    async def aclose(self) -> None: ...


class Served:
    """A model whose inputs and outputs are arrays with one row an item."""

    def __init__(self, metadata: ModelMetadata, runner: Runner) -> None:
        self.metadata = metadata
        self.configuration = of_rows(metadata, runner.batching)
        self.statistics = Statistics()
        self._version = metadata.versions[-1]
        self._runner = runner
        self._inputs = {each.name: each for each in metadata.inputs}
        self._outputs = {each.name: each for each in metadata.outputs}

    @property
    def waiting_rows(self) -> int:
        return self._runner.waiting_rows

    async def infer(
        self, request: InferRequest, *, deadline_s: float | None = None
    ) -> InferResponse:
        start_s = time.perf_counter()
        try:
            names = self._asked(request)
            arrays = self._taken(request)
            answer = await self._run(arrays, deadline_s)
            outputs = tuple(self._output(name, answer.outputs) for name in names)
        except BaseException:
            self.statistics.failed(time.perf_counter() - start_s)
            raise
        self._count(arrays, answer, time.perf_counter() - start_s)
        return InferResponse(
            model=self.metadata.name,
            outputs=outputs,
            version=self._version,
            id=request.id,
            parameters={
                QUEUE_US: round(answer.queue_s * 1e6),
                COMPUTE_US: round(answer.compute_s * 1e6),
            },
        )

    async def aclose(self) -> None:
        await self._runner.aclose()

    async def _run(self, arrays: Arrays, deadline_s: float | None) -> Answer:
        try:
            return await self._runner.infer(arrays, deadline_s=deadline_s)
        except WireError:
            raise
        except ModelError as error:
            raise _refusal(error) from None
        except TimeoutError:
            raise wrong(
                "a deadline that passed before the model answered",
                "an answer in time",
                "a later deadline, or a model that fewer ask",
                status=504,
            ) from None

    def _asked(self, request: InferRequest) -> list[str]:
        names = [each.name for each in request.outputs] or list(self._outputs)
        for name in names:
            if name not in self._outputs:
                raise wrong(f"the output {name!r}", f"one of {', '.join(self._outputs)}")
        if len(set(names)) != len(names):
            raise wrong("an output that is asked for twice", "each name once")
        return names

    def _taken(self, request: InferRequest) -> Mapping[str, NDArray[Any]]:
        arrays = {tensor.name: tensor.array for tensor in request.inputs}
        if arrays.keys() != self._inputs.keys():
            raise wrong(
                f"inputs {', '.join(map(repr, arrays)) or 'none'}",
                f"exactly {', '.join(self._inputs)}",
            )
        for tensor in request.inputs:
            _ensure_fits(tensor, self._inputs[tensor.name])
        return arrays

    def _output(self, name: str, outputs: Arrays) -> Tensor:
        return Tensor(name, self._outputs[name].datatype, outputs[name])

    def _count(self, arrays: Arrays, answer: Answer, whole_s: float) -> None:
        self.statistics.last_ms = time.time_ns() // 1_000_000
        self.statistics.succeeded(
            rows=len(next(iter(arrays.values()))),
            batch_rows=answer.rows,
            queue_s=answer.queue_s,
            compute_s=answer.compute_s,
            whole_s=whole_s,
        )


def _ensure_fits(tensor: Tensor, wanted: TensorMetadata) -> None:
    if tensor.datatype != wanted.datatype:
        raise wrong(f"{tensor.datatype} for {tensor.name!r}", wanted.datatype)
    shape = tensor.array.shape
    if len(shape) != len(wanted.shape) or any(
        side not in (-1, found) for side, found in zip(wanted.shape, shape, strict=True)
    ):
        raise wrong(
            f"the shape {list(shape)} of {tensor.name!r}",
            f"{list(wanted.shape)}, where -1 is any length",
        )
    if 0 in shape:
        raise wrong(f"the shape {list(shape)} of {tensor.name!r}", "lengths from 1")


def _refusal(error: ModelError) -> WireError:
    """What a client is told. Of a model's own words, which may name its parts, only the log is."""
    problem = error.problems[0]
    log.info("a request that the model cannot run: %s", problem)
    return wrong("inputs that the model cannot run", problem.expected, problem.hint)
