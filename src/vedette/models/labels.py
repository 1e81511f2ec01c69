"""What the classes of common training sets are called, in the order that models number them."""

COCO_LABELS = tuple(
    """\
person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,\
parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,\
handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,\
skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,\
sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,\
dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,\
refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush""".split(",")  # noqa: SIM905
)


# COCO's own numbers have gaps, which models that were trained on them keep
_GAPS = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})
_named = iter(COCO_LABELS)
COCO_NUMBERED = tuple(
    f"(no class {number})" if number in _GAPS else next(_named) for number in range(1, 91)
)
"""The 90 numbers from 1 of COCO's annotations, gaps among them."""
BACKGROUND = "(background)"
VOC_LABELS = tuple(
    """\
aeroplane,bicycle,bird,boat,bottle,bus,car,cat,chair,cow,diningtable,dog,horse,motorbike,person,\
pottedplant,sheep,sofa,train,tvmonitor""".split(",")  # noqa: SIM905
)
_BY_COUNT = {
    20: VOC_LABELS,
    80: COCO_LABELS,
    90: COCO_NUMBERED,
    91: (BACKGROUND, *COCO_NUMBERED),
}


def usual_labels(count: int) -> tuple[str, ...]:
    """What so many classes are called as a rule; numbers where there is no such rule.

    >>> usual_labels(80)[:2], usual_labels(91)[:2], usual_labels(3)
    (('person', 'bicycle'), ('(background)', 'person'), ('0', '1', '2'))
    """
    return _BY_COUNT.get(count) or tuple(map(str, range(count)))
