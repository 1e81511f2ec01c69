"""Marks on pictures: boxes with a plate of text, a banner for what happened, the time."""

from collections.abc import Iterable

import cv2
import numpy as np

from vedette.types.media import Pixels

Colour = tuple[int, int, int]
RIGHT, WRONG, ALERT = (80, 200, 60), (60, 60, 230), (40, 40, 235)
PLAIN = (190, 190, 190)
"""Of what has no track."""
ZONE = (60, 190, 240)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_INK = (20, 20, 20)


def track_colour(track: int) -> Colour:
    """A light colour of its own for a track; the next one's is far from it on the wheel."""
    if track < 0:
        return PLAIN
    hue = int(track * 180 * 0.618034) % 180
    tone = np.array([[[hue, 130, 250]]], np.uint8)
    blue, green, red = cv2.cvtColor(tone, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red


def draw_box(
    pixels: Pixels, box: Iterable[float], text: str, colour: Colour, *, width: int = 2
) -> None:
    """Draw a box with its text above it, in place."""
    x0, y0, x1, y1 = (round(side) for side in box)
    cv2.rectangle(pixels, (x0, y0), (x1, y1), colour, width, cv2.LINE_AA)
    if text:
        _, high = plate_size(pixels, text)
        draw_plate(pixels, text, (x0 - width // 2, y0 - high if y0 >= high else y1), colour)


def draw_polygon(
    pixels: Pixels, corners: Iterable[tuple[float, float]], colour: Colour = ZONE
) -> None:
    """Draw the outline of a polygon, in place."""
    outline = np.array([[round(x), round(y)] for x, y in corners], np.int32)
    cv2.polylines(pixels, [outline], isClosed=True, color=colour, thickness=2, lineType=cv2.LINE_AA)


def draw_plate(
    pixels: Pixels, text: str, at: tuple[int, int], colour: Colour, ink: Colour = _INK
) -> None:
    """Text on a plate whose top left corner is ``at``, moved to where the picture has room."""
    wide, high = plate_size(pixels, text)
    left = max(0, min(at[0], pixels.shape[1] - wide))
    top = max(0, min(at[1], pixels.shape[0] - high))
    pixels[top : top + high, left : left + wide] = colour
    place = (left + high // 4, top + high - high // 4 - 1)
    cv2.putText(pixels, text, place, _FONT, _scale(pixels), ink, 1, cv2.LINE_AA)


def plate_size(pixels: Pixels, text: str) -> tuple[int, int]:
    """(width, height) of a plate with this text on such a picture."""
    (wide, high), _ = cv2.getTextSize(text, _FONT, _scale(pixels), 1)
    return wide + high, 2 * high + 1


def _scale(pixels: Pixels) -> float:
    height, width, _ = pixels.shape
    return float(max(0.38, min(height, width) / 1100))
