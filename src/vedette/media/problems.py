"""How media errors are worded: three parts and a place, never a password."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import av

from vedette.errors import MediaError, Place, Problem


def media_error(where: str | Path, found: str, expected: str, hint: str) -> MediaError:
    return MediaError(Problem(found, expected, hint, Place(without_secrets(str(where)))))


def without_secrets(url: str) -> str:
    """A URL as it may be shown: user, password and query are left out.

    >>> without_secrets("rtsp://admin:secret@10.0.0.7:554/main?token=9")
    'rtsp://10.0.0.7:554/main'
    """
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def reason(error: Exception) -> str:
    """What an outside library says, without the address that it was given."""
    if isinstance(error, av.FFmpegError):
        return error.strerror or type(error).__name__
    return type(error).__name__
