"""The operators, one family a file; importing the package registers them all."""

from vedette.ops import alert, classify, crop, detect, match, moving, sample, track, transport

__all__ = ["alert", "classify", "crop", "detect", "match", "moving", "sample", "track", "transport"]
