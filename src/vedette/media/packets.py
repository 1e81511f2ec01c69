"""Opening a container and getting everything out of it that can be got, past any damage."""

import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vedette.addresses import scheme_of
from vedette.media.jpeg import MAX_PIXELS
from vedette.media.problems import media_error, reason
from vedette.media.tracks import Note

_BAD_READS = 32  # in a row, then what is left is given up
_OPEN_S, _READ_S = 10.0, 5.0
_NOT_VIDEO = frozenset({"tty"})  # shows any text file as a film of itself
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_RTSP = {"rtsp_transport": "tcp"}  # over UDP lost packets smear the picture


def open_video(url: str | Path, *, threads: int) -> tuple[InputContainer, VideoStream]:
    """A container and its first video stream; a path is a file, a string is a stream's URL."""
    is_file = isinstance(url, Path)
    address = str(url.resolve()) if isinstance(url, Path) else expanded(url)
    options = _RTSP if not is_file and scheme_of(address) in {"rtsp", "rtsps"} else {}
    try:
        # An absolute path cannot be taken for a protocol ("concat:...") by FFmpeg.
        container = av.open(
            address,
            timeout=None if is_file else (_OPEN_S, _READ_S),
            options=options,
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise media_error(
            url,
            f"what cannot be opened as a video: {reason(error)}",
            "a video that FFmpeg reads (H.264 in mp4 or mkv, for example)",
            "ffprobe on it" if is_file else "the address, user and password in a player",
        ) from None  # the outside error quotes the address with its password
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
    container: InputContainer, stream: VideoStream, note: Note
) -> Generator[av.VideoFrame, None, None]:
    """Every frame that the decoder puts out, past the packets that it cannot decode."""
    for packet in packets(container, stream, note):
        if packet.is_corrupt:
            note("damaged", "a packet is marked as such", 1)
        try:
            for frame in packet.decode():
                if frame.is_corrupt:
                    note("damaged", "a picture is patched up by the decoder", 1)
                yield frame
        except av.FFmpegError as error:
            note("skipped", f"a packet cannot be decoded: {reason(error)}", 1)
