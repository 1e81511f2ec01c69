"""Reading a YOLOX grid that was made by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vedette.models.heads import Found, View, cells, without_overlaps
from vedette.models.heads.yolo import yolox as read_yolox
from vedette.models.labels import COCO_LABELS


def empty_output(width: int, height: int) -> NDArray[np.float32]:
    return np.zeros((cells(width, height), 85), np.float32)


def yolox(output: NDArray[np.float32], width: int, height: int, confidence: float) -> Found:
    return read_yolox({"output": output[None]}, View(width, height, confidence))


def test_there_are_as_many_cells_as_the_model_has_rows() -> None:
    assert cells(416, 416) == 3549
    assert cells(640, 640) == 8400
    assert cells(416, 192) == 52 * 24 + 26 * 12 + 13 * 6


def test_an_empty_grid_holds_nothing() -> None:
    boxes, confidence, label = yolox(empty_output(64, 64), 64, 64, 0.3)
    assert [boxes.shape, confidence.shape, label.shape] == [(0, 4), (0,), (0,)]


@pytest.mark.parametrize(
    ("row", "stride", "column_and_line"),
    [
        (0, 8, (0, 0)),
        (8 + 3, 8, (3, 1)),
        (32, 16, (0, 0)),
        (32 + 4 + 2, 16, (2, 1)),
        (41, 32, (1, 0)),
    ],
)
def test_each_row_belongs_to_its_cell(
    row: int, stride: int, column_and_line: tuple[int, int]
) -> None:
    output = empty_output(64, 32)
    output[row, :5] = [0.5, 0.25, np.log(2), np.log(3), 0.9]
    output[row, 5 + COCO_LABELS.index("car")] = 0.8
    boxes, confidence, label = yolox(output, 64, 32, 0.3)
    column, line = column_and_line
    x, y = (column + 0.5) * stride, (line + 0.25) * stride
    expected = [[x - stride, y - 1.5 * stride, x + stride, y + 1.5 * stride]]
    np.testing.assert_allclose(boxes, expected, rtol=1e-6)
    assert confidence.tolist() == pytest.approx([0.72])
    assert [COCO_LABELS[each] for each in label] == ["car"]


def test_confidence_is_objectness_times_the_best_label() -> None:
    output = empty_output(32, 32)
    output[:3, 4] = [0.9, 0.9, 0.29]
    output[0, [5, 7]] = [0.2, 0.4]
    output[1, [5, 7]] = [0.2, 0.3]
    output[2, 5] = 1.0
    _, confidence, label = yolox(output, 32, 32, 0.3)
    assert confidence.tolist() == pytest.approx([0.36])
    assert label.tolist() == [2]


def overlap(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(shared / (sum(areas) - shared))


@pytest.mark.parametrize("seed", range(20))
def test_suppression_equals_the_textbook_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 60, (40, 2))
    boxes = np.hstack((corners, corners + rng.uniform(10, 40, (40, 2)))).astype(np.float32)
    confidence = rng.permutation(np.linspace(0.05, 0.95, 40)).astype(np.float32)
    kind = rng.integers(0, 3, 40).astype(np.int32)
    kept: list[int] = []
    for row in np.argsort(-confidence):
        rivals = [other for other in kept if kind[other] == kind[row]]
        if all(overlap(boxes[row], boxes[other]) <= 0.45 for other in rivals):
            kept.append(int(row))
    assert without_overlaps(boxes, confidence, kind).tolist() == kept


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_overlaps_with_itself(rows: int) -> None:
    boxes = np.ones((rows, 4), np.float32)
    ones = np.ones(rows, np.float32)
    assert without_overlaps(boxes, ones, ones.astype(np.int32)).tolist() == list(range(rows))
