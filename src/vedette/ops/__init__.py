"""The operators, one family a file; importing the package registers them all."""

from vedette.ops import (
    alert,
    cascade,
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
    "cascade",
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
