"""Removing overlaps: of boxes that show one object, the surest stays."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

NMS_IOU = 0.45


def without_overlaps(
    boxes: NDArray[np.float32],
    confidence: NDArray[np.float32],
    kind: NDArray[np.int32],
    iou: float = NMS_IOU,
) -> NDArray[np.intp]:
    """Rows that survive non-maximum suppression among their own kind, the surest first.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10]], np.float32)
    >>> confidence = np.array([0.6, 0.9, 0.5], np.float32)
    >>> without_overlaps(boxes, confidence, np.array([0, 0, 1], np.int32)).tolist()
    [1, 2]
    """
    if len(boxes) < 2:
        return np.arange(len(boxes))
    corner_and_size = boxes.astype(np.float64)
    corner_and_size[:, 2:] -= corner_and_size[:, :2]
    # a third of the time of a loop in NumPy; a negative threshold lets every confidence in
    nms: Any = cv2.dnn.NMSBoxesBatched  # takes arrays, though its stub asks for lists
    kept = nms(corner_and_size, confidence, kind, -1.0, iou)
    return np.asarray(kept, np.intp)
