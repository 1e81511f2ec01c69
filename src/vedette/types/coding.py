"""How frames are coded where they leave a machine: the values of the knob ``transport.qp``."""

import re
from dataclasses import dataclass
from typing import Literal

from vedette.errors import InputError, Problem
from vedette.types.graph import SOURCE, Scalar

Codec = Literal["h264", "jpeg", "webp"]
STILL = r"^(jpeg|webp) ([1-9][0-9]?|100)$"
"""Every picture by itself, and its quality."""
_LOSSLESS = 0


@dataclass(frozen=True, slots=True)
class Coding:
    """``quality``: H.264's constant quantiser, 0 (lossless) to 51; else 1 to 100, the best."""

    codec: Codec
    quality: int

    @property
    def is_still(self) -> bool:
        """Whether a picture is coded without the one before it."""
        return self.codec != "h264"

    def __str__(self) -> str:
        return f"{self.codec} {self.quality}" if self.is_still else f"h264, qp {self.quality}"


def coding_of(value: Scalar) -> Coding:
    """What a value of the knob says; "source" loses nothing. Raises InputError for others.

    >>> str(coding_of(26)), str(coding_of("jpeg 90"))
    ('h264, qp 26', 'jpeg 90')
    """
    if value == SOURCE:
        return Coding("h264", _LOSSLESS)
    if isinstance(value, int) and 0 <= value <= 51:  # H.264's own range
        return Coding("h264", value)
    still = re.match(STILL, value) if isinstance(value, str) else None
    if still is None:
        raise InputError(
            Problem(
                f"the coding {value!r}",
                "an H.264 quantiser from 0 to 51, or jpeg or webp with a quality from 1 to 100",
                "26, or jpeg 90",
            )
        )
    return Coding("jpeg" if still[1] == "jpeg" else "webp", int(still[2]))
