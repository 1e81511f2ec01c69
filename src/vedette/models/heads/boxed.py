"""Heads whose boxes are ready: SSD in its forms, DETR and its kin, and models that end with NMS."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.models.heads.common import (
    Fit,
    Found,
    Outputs,
    View,
    corners,
    in_pixels,
    only,
    sigmoid,
    softmax,
    surest,
)


def end2end(outputs: Outputs, view: View) -> Found:
    """NMS inside: rows of x0 y0 x1 y1, confidence, label; or of batch, box, label, confidence.

    (1, n, 6) is how YOLOv10 and exports with ``nms`` end, (n, 7) how YOLOv7's ``end2end`` does.
    """
    output = only(outputs)
    if output is None:
        raise ValueError("several outputs")
    if output.shape[1] == 7:
        output = output[:, [1, 2, 3, 4, 6, 5]]
    rows = np.flatnonzero(output[:, 4] >= view.confidence)
    boxes = in_pixels(output[rows, :4], view, "pixels")
    return boxes, output[rows, 4].astype(np.float32), output[rows, 5].astype(np.int32)


def fits_end2end(outputs: Outputs, view: View) -> Fit | None:
    output = only(outputs)
    if output is None or output.ndim != 2 or output.shape[1] not in (6, 7):
        return None
    if output.shape[1] == 6 and next(iter(outputs.values())).ndim != 3:
        return None
    form = "a box, a confidence and a label" if output.shape[1] == 6 else "batch, box, label, score"
    return Fit(view.labels, f"rows of {output.shape[1]}: {form}, overlaps already removed")


def torchvision(outputs: Outputs, view: View) -> Found:
    """Boxes x0 y0 x1 y1, labels (whole numbers) and scores, each in an output of its own.

    So end torchvision's detectors (which count their labels from 1, 0 being the background) and
    deployed RT-DETR and D-FINE.
    """
    boxes, label, scores = _three(outputs)
    rows = np.flatnonzero(scores >= view.confidence)
    placed = in_pixels(boxes[rows], view, "pixels")
    return placed, scores[rows].astype(np.float32), label[rows].astype(np.int32)


def fits_torchvision(outputs: Outputs, view: View) -> Fit | None:
    try:
        _three(outputs)
    except ValueError:
        return None
    return Fit(view.labels, "an output each for boxes, labels (whole numbers) and scores")


def ssd(outputs: Outputs, view: View) -> Found:
    """TensorFlow's detection API: boxes y0 x0 y1 x1 as shares, classes from 1, scores, a count."""
    boxes, classes, scores, count = _four(outputs)
    sure = scores[:count]
    rows = np.flatnonzero(sure >= view.confidence)
    placed = in_pixels(boxes[rows][:, [1, 0, 3, 2]], view, "shares")
    label = np.rint(classes[rows]).astype(np.int32)
    return placed, sure[rows].astype(np.float32), label


def fits_ssd(outputs: Outputs, view: View) -> Fit | None:
    try:
        _four(outputs)
    except ValueError:
        return None
    return Fit(view.labels, "boxes, classes, scores and a count of detections")


def ssd_scores(outputs: Outputs, view: View) -> Found:
    """Boxes x0 y0 x1 y1 as shares, beside each a score for every label, the background first."""
    boxes, scores = _boxes_and(outputs)
    rows, sure, label = surest(scores[:, 1:], view)
    return in_pixels(boxes[rows], view, "shares"), sure, label


def fits_ssd_scores(outputs: Outputs, view: View) -> Fit | None:
    fit = _fits_two(outputs, view, 1, "a score for every label and the background")
    return fit if fit and _are_shares(_boxes_and(outputs)[1]) else None


def detr(outputs: Outputs, view: View) -> Found:
    """DETR: logits (1, queries, labels + 1), the last for "nothing"; boxes x y w h as shares."""
    boxes, logits = _boxes_and(outputs)
    rows, sure, label = surest(softmax(logits)[:, :-1], view)
    return in_pixels(corners(boxes[rows]), view, "shares"), sure, label


def fits_detr(outputs: Outputs, view: View) -> Fit | None:
    if len(outputs) != 2 or (view.labels is None and not _has_coco_of_detr(outputs)):
        return None
    return _fits_two(outputs, view, 1, "logits of every label and of nothing")


def rtdetr(outputs: Outputs, view: View) -> Found:
    """RT-DETR and its kin: logits (1, queries, labels), a sigmoid each; boxes x y w h as shares."""
    boxes, logits = _boxes_and(outputs)
    rows, sure, label = surest(sigmoid(logits), view)
    return in_pixels(corners(boxes[rows]), view, "shares"), sure, label


def fits_rtdetr(outputs: Outputs, view: View) -> Fit | None:
    return _fits_two(outputs, view, 0, "logits of every label")


def _has_coco_of_detr(outputs: Outputs) -> bool:
    try:
        return bool(_boxes_and(outputs)[1].shape[1] == 92)
    except ValueError:
        return False


def _fits_two(outputs: Outputs, view: View, beside: int, words: str) -> Fit | None:
    try:
        boxes, scores = _boxes_and(outputs)
    except ValueError:
        return None
    labels = scores.shape[1] - beside
    if labels < 1 or (view.labels and labels != view.labels):
        return None
    return Fit(labels, f"{len(boxes)} boxes, and beside each {words} ({scores.shape[1]})")


def _are_shares(scores: NDArray[Any]) -> bool:
    return bool(len(scores) == 0 or (scores.min() >= 0 and scores.max() <= 1.0 + 1e-4))


def _boxes_and(outputs: Outputs) -> tuple[NDArray[Any], NDArray[Any]]:
    """The output of (1, n, 4) or (1, n, 1, 4), and the other, (1, n, any); ValueError if not so."""
    if len(outputs) != 2:
        raise ValueError("not two outputs")
    flat = [_flat(output) for output in outputs.values()]
    named = ["box" in name.lower() or "loc" in name.lower() for name in outputs]
    order = (0, 1) if named[0] or (flat[0].shape[1] == 4 and not named[1]) else (1, 0)
    boxes, other = flat[order[0]], flat[order[1]]
    if boxes.shape[1] != 4 or len(boxes) != len(other):
        raise ValueError("no boxes beside scores")
    return boxes, other


def _flat(output: NDArray[Any]) -> NDArray[Any]:
    if output.ndim == 4 and output.shape[2] == 1:
        output = output[:, :, 0]
    if output.ndim != 3 or len(output) != 1:
        raise ValueError("no rows")
    rows: NDArray[Any] = output[0]
    return rows


def _three(outputs: Outputs) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    if len(outputs) == 2:  # (n, 5) boxes with their scores, and labels
        boxes = next((a for a in outputs.values() if a.ndim > 1 and a.shape[-1] == 5), None)
        label = next((a for a in outputs.values() if a is not boxes), None)
        if boxes is None or label is None or label.dtype.kind not in "iu":
            raise ValueError("no boxes with scores beside labels")
        boxes, label = boxes.reshape(-1, 5), label.reshape(-1)
        if len(boxes) != len(label):
            raise ValueError("not as many labels as boxes")
        return boxes[:, :4], label, boxes[:, 4]
    if len(outputs) != 3:
        raise ValueError("not three outputs")
    boxes = next((a for a in outputs.values() if a.ndim > 1 and a.shape[-1] == 4), None)
    others = [a for a in outputs.values() if a is not boxes]
    whole = [a for a in others if a.dtype.kind in "iu"]
    real = [a for a in others if a.dtype.kind == "f"]
    if boxes is None or len(whole) != 1 or len(real) != 1:
        raise ValueError("no boxes, labels and scores")
    boxes, label, scores = boxes.reshape(-1, 4), whole[0].reshape(-1), real[0].reshape(-1)
    if not len(boxes) == len(label) == len(scores):
        raise ValueError("not as many labels and scores as boxes")
    return boxes, label, scores


def _four(outputs: Outputs) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], int]:
    """Told apart by name, else in TensorFlow Lite's order: boxes, classes, scores, count."""
    if len(outputs) < 4:
        raise ValueError("not four outputs")
    found: dict[str, NDArray[Any]] = {}
    for part in ("boxes", "classes", "scores", "num"):
        names = [name for name in outputs if part in name.lower() and "raw" not in name.lower()]
        if names:
            found[part] = outputs[min(names, key=len)]
    if len(found) < 4:
        if len(outputs) != 4:
            raise ValueError("no boxes, classes, scores and count")
        found = dict(zip(("boxes", "classes", "scores", "num"), outputs.values(), strict=True))
    boxes, classes, scores, num = (found[name] for name in ("boxes", "classes", "scores", "num"))
    if boxes.ndim != 3 or boxes.shape[-1] != 4 or classes.shape != scores.shape or num.size != 1:
        raise ValueError("no boxes, classes, scores and count")
    return boxes[0], classes.reshape(-1), scores.reshape(-1), int(num.reshape(-1)[0])
