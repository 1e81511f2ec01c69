"""The operators, one family a file; importing the package registers them all."""

from vedette.ops import detect, sample, track, transport

__all__ = ["detect", "sample", "track", "transport"]
