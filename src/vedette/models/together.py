"""Rows of a batch in one pass of the model, once a batch has shown that this changes no answer."""

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

from vedette.errors import ModelError
from vedette.models.backend import Arrays
from vedette.models.rows import joined

log = logging.getLogger(__name__)

Run = Callable[[Arrays], Arrays]
TOLERANCE = 1e-4
"""Of an output's largest number: sums of floats depend on how many are added side by side."""


class Together:
    """Runs batches of up to ``rows_at_once`` rows in one pass, where the model can.

    Most exported models fix one picture, and some that take several mix their rows. So ``open_``,
    which returns what runs several, is called when the first batch comes; that batch is run both
    ways, and from then on in the way that has proved right. Safe in several threads.
    """

    def __init__(self, alone: Run, open_: Callable[[], Run], rows_at_once: int, name: str) -> None:
        self._alone, self._open, self._name = alone, open_, name
        self._rows_at_once = rows_at_once
        self._run: Run | None = None
        self._lock = Lock()
        self.is_proved: bool | None = None
        """None before the first batch whose rows differ."""

    def __call__(self, batch: Arrays) -> Arrays:
        """One row of each output for each row of the batch."""
        count = len(next(iter(batch.values())))
        if count == 1:
            return self._alone(batch)
        if self._rows_at_once == 1 or self.is_proved is False:
            return self._one_by_one(batch, count)
        if self.is_proved is None:
            return self._tried(batch, count)
        return joined([self._pass(part) for part in _parts(batch, count, self._rows_at_once)])

    def _pass(self, part: Arrays) -> Arrays:
        is_single = len(next(iter(part.values()))) == 1
        return self._alone(part) if is_single or self._run is None else self._run(part)

    def _one_by_one(self, batch: Arrays, count: int) -> Arrays:
        return joined([self._alone(part) for part in _parts(batch, count, 1)])

    def _tried(self, batch: Arrays, count: int) -> Arrays:
        """The rows one by one, and a look at whether they come out alike together."""
        rows = [self._alone(part) for part in _parts(batch, count, 1)]
        answer = joined(rows)
        with self._lock:
            if self.is_proved is None and _differ(batch):
                try:
                    self._run = self._open()
                    self.is_proved = _are_rows(rows) and _alike(answer, self._run(batch))
                except ModelError:
                    self.is_proved = False
                if not self.is_proved:
                    self._run = None
                    log.info("%s: its pictures are run one by one, it takes no batch", self._name)
        return answer


def _parts(batch: Arrays, count: int, size: int) -> list[dict[str, Any]]:
    return [
        {name: array[start : start + size] for name, array in batch.items()}
        for start in range(0, count, size)
    ]


def _differ(batch: Arrays) -> bool:
    """Whether the first two rows do: equal ones would hide that a model mixes them."""
    return any(not np.array_equal(array[0], array[1]) for array in batch.values())


def _are_rows(answers: Sequence[Arrays]) -> bool:
    """Whether each picture has one row of each output, not one for each object in it."""
    return all(array.shape[:1] == (1,) for answer in answers for array in answer.values())


def _alike(answer: Arrays, other: Arrays) -> bool:
    return all(
        array.shape == other[name].shape
        and np.allclose(array, other[name], TOLERANCE, TOLERANCE * _largest(array))
        for name, array in answer.items()
    )


def _largest(array: Any) -> float:
    return float(np.abs(array).max()) if array.size else 0.0


def free_rows(model: Any) -> None:
    """Let an ONNX model take any number of rows, as far as its graph shows where they are.

    The first axis of each input is set free, and what reshapes something made of an input to
    "1, ..." keeps that first axis instead (0 says so). Whether that was right, a batch shows.
    """
    inputs = _names(model.graph.input) - {weight.name for weight in model.graph.initializer}
    for each in model.graph.input:
        sides = each.type.tensor_type.shape.dim
        if each.name in inputs and sides:
            sides[0].Clear()
            sides[0].dim_param = "rows"
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    constants = _constants(model.graph)
    made = inputs
    for node in model.graph.node:  # in order of computation
        if node.op_type == "Shape" or not made.intersection(node.input):
            continue
        made = made.union(node.output)
        if node.op_type == "Reshape" and node.input[0] in made:
            _keep_rows(model.graph, node, constants)


def _names(values: Sequence[Any]) -> frozenset[str]:
    return frozenset(value.name for value in values)


def _constants(graph: Any) -> Mapping[str, Any]:
    """Every tensor that is the same for all pictures, by name."""
    written = {
        node.output[0]: helper.get_node_attr_value(node, "value")
        for node in graph.node
        if node.op_type == "Constant" and any(each.name == "value" for each in node.attribute)
    }
    return {weight.name: weight for weight in graph.initializer} | written


def _keep_rows(graph: Any, node: Any, constants: Mapping[str, Any]) -> None:
    target = constants.get(node.input[1])
    if target is None or any(each.name == "allowzero" and each.i for each in node.attribute):
        return
    sides = numpy_helper.to_array(target)
    if sides.ndim == 1 and len(sides) > 1 and sides[0] == 1:
        name = f"{node.output[0]}/rows"
        kept = np.concatenate([[0], sides[1:]]).astype(np.int64)
        graph.initializer.append(numpy_helper.from_array(kept, name))
        node.input[1] = name
