"""Opening a container and getting everything out of it that can be got, past any damage."""

import os
import re
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vedette.addresses import device_of, scheme_of
from vedette.media.jpeg import MAX_PIXELS
from vedette.media.problems import media_error, reason
from vedette.media.tracks import Note
from vedette.media.webcam import WEBCAM, unopened, webcam_options

_BAD_READS = 32  # in a row, then what is left is given up
OPEN_S, STALL_S = 10.0, 4.5
"""How long a stream may take to open, and how long it may show nothing new."""
_NOT_VIDEO = frozenset({"tty"})  # shows any text file as a film of itself
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_RTSP = {"rtsp_transport": "tcp"}  # over UDP lost packets smear the picture


def open_video(
    url: str | Path, *, threads: int, open_s: float = OPEN_S
) -> tuple[InputContainer, VideoStream]:
    """A container and its first video stream; a path is a file, a string is a stream's URL."""
    is_file = isinstance(url, Path)
    address = str(url.resolve()) if isinstance(url, Path) else expanded(url)
    device = None if is_file else device_of(address)
    kind, options = None, _RTSP if not is_file and scheme_of(address) in {"rtsp", "rtsps"} else {}
    if device is not None:
        kind, options, address = WEBCAM, webcam_options(address), device
    try:
        # An absolute path cannot be taken for a protocol ("concat:...") by FFmpeg.
        container = av.open(
            address,
            format=kind,
            timeout=None if is_file else (open_s, STALL_S),
            options=options,
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise unopened(url, error) from None  # it quotes the address with its password
    if container.format.name in _NOT_VIDEO or not container.streams.video:
        found = "no video stream" if container.streams.video == () else "text"
        container.close()
        raise media_error(
            url, found, "a file with a video stream", "another file; this one is not a video"
        )
    stream = container.streams.video[0]
    if cast("object", stream.codec_context) is None:
        container.close()
        raise media_error(
            url,
            "a video of a codec that FFmpeg does not know",
            "H.264, for example",
            "converting it",
        )
    stream.thread_type = "NONE" if threads == 1 else "AUTO"
    stream.codec_context.thread_count = threads
    stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
    return container, stream


def expanded(url: str) -> str:
    """A URL with the environment's values for each ``${NAME}``: for opening, never for showing."""
    return _VARIABLE.sub(lambda found: _value(found[1], url), url)


def _value(name: str, url: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        found, expected = f"the variable {name}, which is not set", "a variable of the environment"
        raise media_error(url, found, expected, f"export {name}=...") from None


def packets(
    container: InputContainer, stream: VideoStream, note: Note
) -> Iterator["Packet[VideoStream]"]:
    """Every packet, past what cannot be read. The last one is empty and flushes the decoder."""
    bad = 0
    while bad < _BAD_READS:
        try:
            for packet in container.demux(stream):
                bad = 0
                yield packet
        except av.InvalidDataError:
            bad += 1
        except (av.FFmpegError, OSError) as error:
            note("lost", f"the source breaks off: {reason(error)}", 1)
            return
        else:
            return
    note("lost", "the rest cannot be read", 1)


def frames(
    container: InputContainer,
    stream: VideoStream,
    note: Note,
    *,
    clock: Callable[[], float] | None = None,
) -> Generator[av.VideoFrame, None, None]:
    """Every frame that the decoder puts out, past the packets that it cannot decode.

    With a ``clock`` it is lost when packets come and for ``STALL_S`` no picture is among them.
    """
    seen_s = clock() if clock else 0.0
    for packet in packets(container, stream, note):
        if packet.is_corrupt:
            note("damaged", "a packet is marked as such", 1)
        try:
            for frame in packet.decode():
                if frame.is_corrupt:
                    note("damaged", "a picture is patched up by the decoder", 1)
                yield frame
                seen_s = clock() if clock else 0.0
        except av.FFmpegError as error:
            note("skipped", f"a packet cannot be decoded: {reason(error)}", 1)
        if clock and clock() - seen_s > STALL_S:
            note("lost", f"no picture for {STALL_S:g} s", 1)
            return
