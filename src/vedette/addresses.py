"""Addresses of streams and servers: their scheme, and how they are shown without their secrets."""

import re

LIVE_SCHEMES = frozenset({"rtmp", "rtmps", "rtsp", "rtsps", "srt", "tcp", "udp"})
"""What comes over these and was missed cannot be had again."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ADDRESS = re.compile(rf"({_SCHEME.pattern})([^\s'\"<>]+)")
_DEVICE = re.compile(r"(?:webcam:|/dev/video)(\d{1,3})(?:\?.*)?")
_PORT = re.compile(r"[^:]*(:\d*)?|\[[^\]]*\](:\d*)?")


def scheme_of(url: str) -> str:
    """The scheme in lower case; empty for a path.

    >>> scheme_of("RTSP://[::1/x"), scheme_of("shots/?rate=10")
    ('rtsp', '')
    """
    found = _SCHEME.match(url)
    return found[1].lower() if found else ""


def device_of(url: str) -> str | None:
    """The file of a camera on this machine, if that is what is named.

    >>> device_of("webcam:1?size=640x480"), device_of("/dev/video0"), device_of("video0.mp4")
    ('/dev/video1', '/dev/video0', None)
    """
    found = _DEVICE.fullmatch(url)
    return f"/dev/video{found[1]}" if found else None


def is_live(url: str) -> bool:
    return scheme_of(url) in LIVE_SCHEMES or device_of(url) is not None


def without_secrets(text: str) -> str:
    """Text that may be shown: its addresses lose user, password and query.

    >>> without_secrets("rtsp://me:p@ss@10.0.0.7:554/main?token=9 did not answer")
    'rtsp://10.0.0.7:554/main did not answer'
    """
    return _ADDRESS.sub(lambda found: found[1] + _public(found[3]), text)


def has_secrets(text: str) -> bool:
    return without_secrets(text) != text


def _public(rest: str) -> str:
    """What follows the scheme. Where a slash or mark in a password was not escaped, more goes."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        rest = rest[authority.rindex("@") + 1 :]
    elif _PORT.fullmatch(authority) is None:
        rest = rest.rpartition("@")[2]
    return re.split(r"[?#]", rest, maxsplit=1)[0]
