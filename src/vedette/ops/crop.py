"""Tracked objects cut out of their frame."""

from collections.abc import Iterator

from vedette import image
from vedette.declaring.operator import operator
from vedette.types.media import Crop, Detections, Frame, Region


@operator
def crop(
    frame: Frame, detections: Detections, *, groups: list[str] | None = None
) -> tuple[Crop, ...]:
    """A crop of each object with a confirmed track, of the named groups or of all.

    They come in the order of the detections. A box that lies outside of the picture gives none.
    """
    return tuple(_crops(frame, detections, groups))


def _crops(frame: Frame, detections: Detections, groups: list[str] | None) -> Iterator[Crop]:
    for row in range(len(detections)):
        track = int(detections.track[row])
        group = detections.groups[detections.group[row]]
        x0, y0, x1, y1 = detections.boxes[row].tolist()
        region: Region = (x0, y0, x1, y1)
        pixels = image.box_of(frame, region)
        if track < 0 or pixels is None or (groups is not None and group not in groups):
            continue
        yield Crop(
            frame=image.cut(frame, pixels),
            box=region,
            label=detections.labels[detections.label[row]],
            group=group,
            confidence=float(detections.confidence[row]),
            track=track,
        )
