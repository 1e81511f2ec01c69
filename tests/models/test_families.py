"""Every head reads back what was written in its family's form, and knows its own outputs."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vedette.models.heads import CLASSIFIER, HEADS, View, cells, classes, fitting
from vedette.models.heads.yolo import ANCHORS, SCALES_V4

WIDTH, HEIGHT, LABELS = 128, 96, 7
STRIDES = (8, 16, 32)


@dataclass(frozen=True)
class Thing:
    """One object: its box's centre and size in pixels of the input, its label and confidence."""

    x: float
    y: float
    width: float
    height: float
    label: int
    confidence: float


THINGS = st.lists(
    st.builds(
        Thing,
        st.integers(8, WIDTH - 8).map(lambda x: x + 0.5),
        st.integers(8, HEIGHT - 8).map(lambda y: y + 0.5),
        st.floats(6, 60),
        st.floats(6, 60),
        st.integers(0, LABELS - 1),
        st.floats(0.35, 0.95),
    ),
    max_size=5,
    unique_by=lambda thing: (int(thing.x) // 32, int(thing.y) // 32),
)
Arrays = Mapping[str, NDArray[Any]]


def inverse_sigmoid(share: float) -> float:
    return math.log(share / (1 - share))


def corner_row(thing: Thing) -> list[float]:
    half = thing.width / 2, thing.height / 2
    return [thing.x - half[0], thing.y - half[1], thing.x + half[0], thing.y + half[1]]


def shares(row: list[float]) -> list[float]:
    return [value / side for value, side in zip(row, (WIDTH, HEIGHT) * 2, strict=True)]


def yolox(things: list[Thing]) -> Arrays:
    """One row a cell; each object in the cell of stride 32 that its centre is in."""
    output = np.zeros((cells(WIDTH, HEIGHT), 5 + LABELS), np.float32)
    first = cells(WIDTH, HEIGHT, (8, 16))
    for thing in things:
        column, line = int(thing.x // 32), int(thing.y // 32)
        row = first + line * (WIDTH // 32) + column
        output[row, :2] = thing.x / 32 - column, thing.y / 32 - line
        output[row, 2:4] = math.log(thing.width / 32), math.log(thing.height / 32)
        output[row, 4], output[row, 5 + thing.label] = 0.99, thing.confidence / 0.99
    return {"output": output[None]}


def rows_of(things: list[Thing], each: int) -> NDArray[np.float32]:
    output = np.zeros((each * cells(WIDTH, HEIGHT), 5 + LABELS), np.float32)
    for row, thing in enumerate(things, 3):
        output[row, :4] = thing.x, thing.y, thing.width, thing.height
        output[row, 4], output[row, 5 + thing.label] = 0.99, thing.confidence / 0.99
    return output


def yolov5(things: list[Thing]) -> Arrays:
    return {"output0": rows_of(things, 3)[None]}


def yolov8(things: list[Thing]) -> Arrays:
    rows = rows_of(things, 1)
    rows[:, 5:] *= 0.99
    return {"output0": np.delete(rows, 4, axis=1).T[None]}


def grids(
    family: str, *, scales: Mapping[int, float] | None = None, squared: bool = False
) -> Callable[[list[Thing]], Arrays]:
    """Raw grids; each object at the first anchor of stride 16, in the cell of its centre."""
    anchors = ANCHORS[family]

    def write(things: list[Thing]) -> Arrays:
        outputs = {
            stride: np.full((3, 5 + LABELS, HEIGHT // stride, WIDTH // stride), -12, np.float32)
            for stride in anchors
        }
        scale = 2.0 if squared else (scales or {}).get(16, 1.0)
        for thing in things:
            column, line = int(thing.x // 16), int(thing.y // 16)
            cell = outputs[16][0, :, line, column]
            inside = thing.x / 16 - column, thing.y / 16 - line
            cell[:2] = [inverse_sigmoid((at + (scale - 1) / 2) / scale) for at in inside]
            ratios = [
                side / anchor
                for side, anchor in zip((thing.width, thing.height), anchors[16][0], strict=True)
            ]
            cell[2:4] = [
                inverse_sigmoid(math.sqrt(ratio) / 2) if squared else math.log(ratio)
                for ratio in ratios
            ]
            cell[4], cell[5 + thing.label] = 12, inverse_sigmoid(thing.confidence)
        return {
            f"grid{stride}": grid.reshape(1, -1, *grid.shape[2:])
            for stride, grid in outputs.items()
        }

    return write


def end2end(things: list[Thing]) -> Arrays:
    rows = [[*corner_row(each), each.confidence, each.label] for each in things]
    return {"output0": np.array(rows, np.float32).reshape(1, -1, 6)}


def end2end_of_seven(things: list[Thing]) -> Arrays:
    rows = [[0, *corner_row(each), each.label, each.confidence] for each in things]
    return {"output": np.array(rows, np.float32).reshape(-1, 7)}


def ssd(things: list[Thing]) -> Arrays:
    boxes, classes_, scores = np.zeros((1, 9, 4)), np.ones((1, 9)), np.zeros((1, 9))
    for row, thing in enumerate(things):
        x0, y0, x1, y1 = shares(corner_row(thing))
        boxes[0, row], scores[0, row] = (y0, x0, y1, x1), thing.confidence
        classes_[0, row] = thing.label + 1
    count = np.array([len(things)], np.float32)
    names = ("detection_boxes", "detection_classes", "detection_scores", "num_detections")
    return dict(zip(names, (boxes, classes_, scores, count), strict=True))


def ssd_scores(things: list[Thing]) -> Arrays:
    boxes, scores = np.zeros((1, 9, 4), np.float32), np.zeros((1, 9, 1 + LABELS), np.float32)
    scores[0, :, 0] = 1
    for row, thing in enumerate(things):
        boxes[0, row] = shares(corner_row(thing))
        scores[0, row, 0], scores[0, row, 1 + thing.label] = 0.01, thing.confidence
    return {"scores": scores, "boxes": boxes}


def torchvision(things: list[Thing]) -> Arrays:
    boxes = np.array([corner_row(each) for each in things], np.float32).reshape(-1, 4)
    labels = np.array([each.label for each in things], np.int64)
    return {"boxes": boxes, "labels": labels, "scores": np.array([t.confidence for t in things])}


def queries(things: list[Thing]) -> NDArray[np.float32]:
    boxes = np.full((1, 9, 4), 0.5, np.float32)
    for row, thing in enumerate(things):
        boxes[0, row] = shares([thing.x, thing.y, thing.width, thing.height])
    return boxes


def detr(things: list[Thing]) -> Arrays:
    logits = np.zeros((1, 9, LABELS + 1), np.float32)
    logits[0, :, LABELS] = 20
    for row, thing in enumerate(things):
        logits[0, row, :] = -20
        logits[0, row, thing.label] = math.log(thing.confidence)
        logits[0, row, LABELS] = math.log(1 - thing.confidence)
    return {"logits": logits, "pred_boxes": queries(things)}


def rtdetr(things: list[Thing]) -> Arrays:
    logits = np.full((1, 9, LABELS), -12, np.float32)
    for row, thing in enumerate(things):
        logits[0, row, thing.label] = inverse_sigmoid(thing.confidence)
    return {"logits": logits, "pred_boxes": queries(things)}


WRITERS: dict[str, tuple[str, Callable[[list[Thing]], Arrays]]] = {
    "yolox": ("yolox", yolox),
    "yolov5": ("yolov5", yolov5),
    "yolov8": ("yolov8", yolov8),
    "yolov3": ("yolov3", grids("yolov3")),
    "yolov3-tiny": ("yolov3-tiny", grids("yolov3-tiny")),
    "yolov4": ("yolov4", grids("yolov4", scales=SCALES_V4)),
    "yolov4-tiny": ("yolov4-tiny", grids("yolov3-tiny", scales={16: 1.05, 32: 1.05})),
    "yolov5-raw": ("yolov5-raw", grids("yolov3", squared=True)),
    "end2end": ("end2end", end2end),
    "end2end of seven": ("end2end", end2end_of_seven),
    "ssd": ("ssd", ssd),
    "ssd-scores": ("ssd-scores", ssd_scores),
    "torchvision": ("torchvision", torchvision),
    "detr": ("detr", detr),
    "rtdetr": ("rtdetr", rtdetr),
}


def by_place(rows: NDArray[Any]) -> NDArray[Any]:
    """In the order of the pixels that the boxes' centres lie in."""
    middle = np.floor((rows[:, :2] + rows[:, 2:4]) / 2)
    return rows[np.lexsort((rows[:, 5], middle[:, 0], middle[:, 1]))]


def read(name: str, outputs: Arrays, confidence: float = 0.3) -> NDArray[np.float64]:
    """(n, 6): box, confidence and label from 0, in a fixed order."""
    head = HEADS[name]
    boxes, sure, label = head.read(outputs, View(WIDTH, HEIGHT, confidence, LABELS))
    return by_place(np.column_stack((boxes, sure, label - head.first_label)).astype(float))


def test_every_head_has_a_writer_here() -> None:
    assert {name for name, _ in WRITERS.values()} == set(HEADS) - {CLASSIFIER}


@pytest.mark.parametrize("form", WRITERS)
@given(things=THINGS)
def test_what_was_written_is_read_back(form: str, things: list[Thing]) -> None:
    name, write = WRITERS[form]
    expected = [[*corner_row(each), each.confidence, each.label] for each in things]
    wanted = by_place(np.array(expected, float).reshape(-1, 6))
    np.testing.assert_allclose(read(name, write(things)), wanted, rtol=1e-3, atol=2e-2)


@pytest.mark.parametrize("form", WRITERS)
def test_what_is_not_sure_enough_is_left_out(form: str) -> None:
    name, write = WRITERS[form]
    outputs = write([Thing(40, 40, 20, 30, 2, 0.5), Thing(100, 60, 30, 20, 3, 0.8)])
    assert len(read(name, outputs, 0.4)) == 2
    assert read(name, outputs, 0.6)[:, 5].tolist() == [3]
    assert len(read(name, outputs, 0.9)) == 0


@pytest.mark.parametrize("form", WRITERS)
def test_outputs_are_known_for_their_family_s(form: str) -> None:
    name, write = WRITERS[form]
    outputs = write([Thing(40, 40, 20, 30, 2, 0.5)])
    likely = [head.name for head, _ in fitting(outputs, View(WIDTH, HEIGHT, labels=LABELS))]
    twins = {"yolov4": "yolov3", "yolov5-raw": "yolov3", "yolov4-tiny": "yolov3-tiny"}
    assert likely[0] == twins.get(name, name)
    assert name in likely


@pytest.mark.parametrize("form", WRITERS)
def test_as_many_labels_as_declared_are_asked_for(form: str) -> None:
    name, write = WRITERS[form]
    fit = HEADS[name].fits(write([]), View(WIDTH, HEIGHT, labels=LABELS))
    assert fit is not None
    if fit.labels is not None and name not in ("end2end", "ssd", "torchvision"):
        assert fit.labels == LABELS
        assert HEADS[name].fits(write([]), View(WIDTH, HEIGHT, labels=LABELS + 1)) is None


@pytest.mark.parametrize("columns_at", ["channels last", "anchors apart", "anchors inside"])
def test_raw_grids_are_read_however_their_axes_lie(columns_at: str) -> None:
    outputs = grids("yolov3-tiny")([Thing(40, 40, 20, 30, 2, 0.5)])
    turn: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
        "channels last": lambda grid: grid.transpose(0, 2, 3, 1),
        "anchors apart": lambda grid: grid.reshape(1, 3, -1, *grid.shape[2:]).transpose(
            0, 1, 3, 4, 2
        ),
        "anchors inside": lambda grid: grid.reshape(1, 3, -1, *grid.shape[2:]).transpose(
            0, 3, 4, 1, 2
        ),
    }
    turned = {name: turn[columns_at](grid) for name, grid in reversed(list(outputs.items()))}
    np.testing.assert_allclose(read("yolov3-tiny", turned), read("yolov3-tiny", outputs))


def test_a_grid_is_read_as_a_slow_loop_reads_it() -> None:
    """Every cell, anchor and label one by one, in plain Python."""
    rng = np.random.default_rng(3)
    outputs = {
        f"grid{s}": rng.normal(-1, 2, (1, 3 * (5 + LABELS), HEIGHT // s, WIDTH // s))
        for s in (16, 32)
    }
    expected = []
    for stride, anchors in ANCHORS["yolov3-tiny"].items():
        grid = outputs[f"grid{stride}"][0].reshape(3, 5 + LABELS, HEIGHT // stride, -1)
        for number, line, column in np.ndindex(3, *grid.shape[2:]):
            tx, ty, tw, th, objectness, *scores = grid[number, :, line, column].tolist()
            best = max(range(LABELS), key=scores.__getitem__)
            sure = 1 / (1 + math.exp(-objectness)) / (1 + math.exp(-scores[best]))
            x = (column + 1 / (1 + math.exp(-tx))) * stride
            y = (line + 1 / (1 + math.exp(-ty))) * stride
            width, height = (
                math.exp(t) * side for t, side in zip((tw, th), anchors[number], strict=True)
            )
            if sure >= 0.3:
                box = corner_row(Thing(x, y, width, height, best, sure))
                expected.append([*box, sure, best])
    assert len(expected) > 20
    found = read("yolov3-tiny", outputs)
    np.testing.assert_allclose(found, by_place(np.array(expected)), rtol=1e-3, atol=1e-2)


def test_boxes_may_be_declared_as_shares_of_the_input() -> None:
    thing = Thing(40, 40, 20, 30, 2, 0.5)
    outputs = {name: output.copy() for name, output in yolov8([thing]).items()}
    outputs["output0"][0, :4] /= np.array([WIDTH, HEIGHT, WIDTH, HEIGHT])[:, None]
    view = View(WIDTH, HEIGHT, 0.3, LABELS, boxes="shares")
    boxes, _, _ = HEADS["yolov8"].read(outputs, view)
    np.testing.assert_allclose(boxes, [corner_row(thing)], rtol=1e-4)


def test_logits_become_shares_and_shares_stay() -> None:
    logits = np.log(np.array([[0.2, 0.5, 0.3]], np.float32)) + 4
    np.testing.assert_allclose(classes({"logits": logits}), [0.2, 0.5, 0.3], rtol=1e-5)
    shares_ = np.array([[0.2, 0.5, 0.3]], np.float32)
    np.testing.assert_array_equal(classes({"shares": shares_}), shares_[0])
