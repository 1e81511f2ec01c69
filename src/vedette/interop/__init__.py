"""Boxes to and from what others use: MOTChallenge text, COCO JSON, and ``supervision``.

A file holds the boxes of one stream: its ending says how, ``.txt`` as MOTChallenge has it and
``.json`` as COCO has it.

>>> text = "1,7,10,20,30,40,1,-1,-1,-1"
>>> seen = mot_annotations(text, "street.mot.txt")
>>> seen.frame.tolist(), seen.track.tolist(), seen.box.tolist(), seen.labels
([0], [7], [[10.0, 20.0, 40.0, 60.0]], ('person',))
>>> mot_text(seen) == text
True
"""

from vedette.interop.coco import coco_annotations, coco_text
from vedette.interop.files import read_annotations, unwritable, write_annotations
from vedette.interop.mot import mot_annotations, mot_text
from vedette.interop.supervised import from_supervision, to_supervision
from vedette.interop.taking import of_detections, of_tracks

__all__ = [
    "coco_annotations",
    "coco_text",
    "from_supervision",
    "mot_annotations",
    "mot_text",
    "of_detections",
    "of_tracks",
    "read_annotations",
    "to_supervision",
    "unwritable",
    "write_annotations",
]
