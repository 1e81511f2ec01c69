"""The operators, one family a file; importing the package registers them all."""

from vedette.ops import alert, crop, detect, match, moving, sample, track, transport

__all__ = ["alert", "crop", "detect", "match", "moving", "sample", "track", "transport"]
