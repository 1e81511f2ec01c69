"""Named colours as ranges of CIELAB, and how much of an object's body has one.

A pixel's lightness L runs from 0 to 100; chroma is its distance from grey; hue is an angle, with
red near 40 degrees, yellow 103, green 136 and blue 306. Chroma under 10 is black (L < 30), white
or grey. White is relative: lit as the crop is, nothing outshines white paint by much, so it needs
L >= 55 and three quarters of the crop's own brightest. Without that, the glare on a black car,
which is neutral and bright too, makes its chrome and windows white.

=======  =============================================
name     hue, where chroma is 10 or more
=======  =============================================
red      340 to 50
orange   50 to 80, L >= 55
brown    50 to 80, darker
yellow   80 to 115
green    115 to 195
blue     195 to 315 (what is between it and red has no name)
=======  =============================================
"""

from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from vedette.types.media import Picture, Pixels

Colour = Literal["white", "grey", "black", "red", "orange", "brown", "yellow", "green", "blue"]
COLOURS: tuple[Colour, ...] = get_args(Colour)

NEUTRAL_CHROMA = 10
BLACK_BELOW, WHITE_FROM = 30, 55
WHITE_SHARE, BRIGHTEST_PERCENT = 0.75, 98
BODY = (0.15, 0.65, 0.15, 0.85)
"""Top, bottom, left and right of an object's body in its box: less road, wheels and background."""
LONGEST_SIDE_PX = 128

HUES: tuple[tuple[float, Colour | None], ...] = (
    (50, "red"),
    (80, "orange"),
    (115, "yellow"),
    (195, "green"),
    (315, "blue"),
    (340, None),
    (360, "red"),
)
"""Up to which hue, in degrees, each name holds."""


def body_shares(picture: Picture) -> dict[Colour, float]:
    """The share of each named colour among the pixels of the body of an object cut out."""
    scale = min(1.0, LONGEST_SIDE_PX / max(picture.width, picture.height))
    width, height = round(picture.width * scale) or 1, round(picture.height * scale) or 1
    lab = _lab(picture.bgr(width, height))
    brightest = _percentile(lab[..., 0].ravel(), BRIGHTEST_PERCENT)
    top, bottom, left, right = BODY
    rows = slice(int(top * height), max(int(bottom * height), 1))
    columns = slice(int(left * width), max(int(right * width), 1))
    names = _names(lab[rows, columns].reshape(-1, 3), brightest)
    counts = np.bincount(names, minlength=len(COLOURS) + 1)
    return dict(zip(COLOURS, (counts / len(names)).tolist(), strict=False))


def _lab(pixels: Pixels) -> NDArray[np.float32]:
    scaled = pixels.astype(np.float32) / 255
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_BGR2LAB), np.float32)


def _names(lab: NDArray[np.float32], brightest: float) -> NDArray[np.intp]:
    """An index into COLOURS for each of (n, 3) pixels; one beyond its end for no name."""
    lightness, a, b = np.ascontiguousarray(lab.T)
    white = lightness >= max(WHITE_FROM, WHITE_SHARE * brightest)
    named = np.where(white, WHITE, np.where(lightness < BLACK_BELOW, BLACK, GREY))
    coloured = np.flatnonzero(a * a + b * b >= NEUTRAL_CHROMA**2)
    if len(coloured):
        hue = np.degrees(np.arctan2(b[coloured], a[coloured])) % 360
        place = np.minimum(np.searchsorted(HUE_ENDS, hue, side="right"), len(HUES) - 1)
        found = HUE_NAMES[place]
        found[(found == ORANGE) & (lightness[coloured] < WHITE_FROM)] = BROWN
        named[coloured] = found
    return named


def _percentile(values: NDArray[np.float32], percent: float) -> float:
    """As numpy.percentile, which takes longer than all the rest on a small crop."""
    place = percent / 100 * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    sides = np.partition(values, (low, high))[[low, high]].astype(np.float64)
    return float(sides[0] + (place - low) * (sides[1] - sides[0]))


def _index(name: Colour | None) -> int:
    return COLOURS.index(name) if name else len(COLOURS)


WHITE, BLACK, GREY = _index("white"), _index("black"), _index("grey")
ORANGE, BROWN = _index("orange"), _index("brown")
HUE_ENDS = np.array([end for end, _ in HUES])
HUE_NAMES = np.array([_index(name) for _, name in HUES])
