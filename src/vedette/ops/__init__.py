"""The operators, one family a file; importing the package registers them all."""

from vedette.ops import (
    alert,
    classify,
    crop,
    detect,
    difference,
    episodes,
    match,
    moving,
    sample,
    track,
    transport,
    zone,
)

__all__ = [
    "alert",
    "classify",
    "crop",
    "detect",
    "difference",
    "episodes",
    "match",
    "moving",
    "sample",
    "track",
    "transport",
    "zone",
]
