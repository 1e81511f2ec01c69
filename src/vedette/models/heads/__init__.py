"""How the outputs of model families are read: one :class:`Head` each, by the name users write.

A head also knows what its family usually wants to see, and whether outputs can be its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from vedette.models.heads import boxed, yolo
from vedette.models.heads.classes import classes, fits_classes
from vedette.models.heads.common import Anchors, Fit, Fits, Found, Outputs, Read, View, cells
from vedette.models.heads.grids import Grids
from vedette.models.heads.overlaps import NMS_IOU, without_overlaps
from vedette.models.preparing import IMAGENET_MEAN, IMAGENET_STD, Preparation

__all__ = [
    "CLASSIFIER",
    "HEADS",
    "NMS_IOU",
    "Anchors",
    "Fit",
    "Found",
    "Head",
    "Outputs",
    "View",
    "cells",
    "classes",
    "fitting",
    "without_overlaps",
]

CLASSIFIER = "classifier"
"""The one head that judges whole pictures; all others find objects in them."""
YOLO = Preparation(colours="rgb", range=(0.0, 1.0), pad=114.0)
PLAIN = Preparation(colours="rgb", range=(0.0, 1.0), fit="stretch")
NORMALISED = Preparation(
    colours="rgb", range=(0.0, 1.0), mean=IMAGENET_MEAN, std=IMAGENET_STD, fit="stretch"
)


@dataclass(frozen=True, slots=True)
class Head:
    """One family: how it is read, when outputs can be its own, what its models usually want.

    ``first_label``: the number of the first label in its outputs, 1 where 0 is the background.
    """

    name: str
    families: str
    read: Read
    fits: Fits
    preparation: Preparation = field(default_factory=Preparation)
    first_label: int = 0


def _no_boxes(_outputs: Outputs, _view: View) -> Found:
    raise TypeError("a classifier finds no boxes")


def _grids(name: str, families: str, grids: Grids, pad: float = 127.5) -> Head:
    preparation = Preparation(colours="rgb", range=(0.0, 1.0), pad=pad)
    return Head(name, families, grids.read, grids.fits, preparation)


_V3, _TINY, _V4 = (yolo.ANCHORS[name] for name in ("yolov3", "yolov3-tiny", "yolov4"))
_ALL = (
    Head("yolox", "YOLOX", yolo.yolox, yolo.fits_yolox),
    Head("yolov5", "YOLOv5, YOLOv7", yolo.yolov5, yolo.fits_yolov5, YOLO),
    Head("yolov8", "YOLOv8, v9, v11, v12", yolo.yolov8, yolo.fits_yolov8, YOLO),
    _grids("yolov3-tiny", "YOLOv3-tiny", Grids(_TINY)),
    _grids("yolov3", "YOLOv3", Grids(_V3)),
    _grids("yolov4", "YOLOv4", Grids(_V4, yolo.SCALES_V4), pad=0.0),
    _grids("yolov4-tiny", "YOLOv4-tiny", Grids(_TINY, {16: 1.05, 32: 1.05}), pad=0.0),
    _grids("yolov5-raw", "YOLOv5 before its decoder", Grids(_V3, squared=True), pad=114.0),
    Head("end2end", "YOLOv10 and exports with NMS", boxed.end2end, boxed.fits_end2end, YOLO),
    Head("ssd", "TensorFlow's SSD", boxed.ssd, boxed.fits_ssd, PLAIN, first_label=1),
    Head(
        "torchvision",
        "torchvision, deployed RT-DETR",
        boxed.torchvision,
        boxed.fits_torchvision,
        PLAIN,
    ),
    Head("ssd-scores", "SSD before NMS", boxed.ssd_scores, boxed.fits_ssd_scores, PLAIN),
    Head("detr", "DETR", boxed.detr, boxed.fits_detr, NORMALISED),
    Head("rtdetr", "RT-DETR, RF-DETR, D-FINE", boxed.rtdetr, boxed.fits_rtdetr, PLAIN),
    Head(CLASSIFIER, "image classifiers", _no_boxes, fits_classes, NORMALISED),
)
HEADS: Mapping[str, Head] = MappingProxyType({head.name: head for head in _ALL})
"""Every head by name. Where outputs fit several, the first is the likeliest."""


def fitting(outputs: Outputs, view: View) -> Iterator[tuple[Head, Fit]]:
    """The heads that outputs can belong to, the likeliest first, and why."""
    for head in _ALL:
        fit = head.fits(outputs, view)
        if fit is not None:
            yield head, fit
