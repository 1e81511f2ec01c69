"""How media errors are worded: three parts and a place, never a password."""

from pathlib import Path

import av

from vedette.addresses import without_secrets
from vedette.errors import MediaError, Place, Problem


def media_error(where: str | Path, found: str, expected: str, hint: str) -> MediaError:
    return MediaError(Problem(found, expected, hint, Place(without_secrets(str(where)))))


def reason(error: Exception) -> str:
    """What an outside library says, without the address that it was given."""
    if isinstance(error, av.FFmpegError):
        return error.strerror or type(error).__name__
    return type(error).__name__
