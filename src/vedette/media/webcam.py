"""Cameras of this machine through Video4Linux, and what to say where a source does not open.

``webcam:0`` is ``/dev/video0``; ``?size=1280x720&rate=30&format=mjpeg`` asks the camera for what
it offers (``v4l2-ctl --list-formats-ext`` lists that).
"""

import errno
from pathlib import Path
from urllib.parse import parse_qsl

import av

from vedette.addresses import device_of
from vedette.errors import MediaError
from vedette.media.problems import media_error, reason

WEBCAM = "v4l2"
_OPTIONS = {"size": "video_size", "rate": "framerate", "format": "input_format"}
_HINTS = {
    errno.ENOENT: "plugging it in; ls /dev/video* lists those that are",
    errno.EACCES: "sudo usermod -aG video $USER, and logging in again",
    errno.EBUSY: "closing the program that uses it",
}


def webcam_options(url: str) -> dict[str, str]:
    """What a webcam's address asks for, as FFmpeg calls it.

    >>> webcam_options("webcam:0?size=640x480&rate=15")
    {'video_size': '640x480', 'framerate': '15'}
    """
    asked = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    unknown = [name for name, _ in asked if name not in _OPTIONS]
    if unknown:
        known = ", ".join(_OPTIONS)
        found = f"the webcam option {unknown[0]!r}"
        raise media_error(url, found, f"one of {known}", "webcam:0?size=1280x720&rate=30")
    return {_OPTIONS[name]: value for name, value in asked}


def unopened(url: str | Path, error: Exception) -> MediaError:
    """In words, what an opening came to."""
    if isinstance(url, Path) or device_of(url) is None:
        return media_error(
            url,
            f"what cannot be opened as a video: {reason(error)}",
            "a video that FFmpeg reads (H.264 in mp4 or mkv, for example)",
            "ffprobe on it"
            if isinstance(url, Path)
            else "the address, user and password in a player",
        )
    if WEBCAM not in {each for names in av.formats_available for each in names.split(",")}:
        found = "a PyAV that reads no webcams"
        return media_error(url, found, "Linux, and PyAV with Video4Linux", "pip install av")
    number = error.errno if isinstance(error, OSError) else None
    return media_error(
        url,
        f"a webcam that cannot be opened: {reason(error)}",
        f"a camera at {device_of(url)} that offers what is asked of it",
        _HINTS.get(number or 0, "v4l2-ctl --list-formats-ext; then webcam:0?size=...&rate=..."),
    )
