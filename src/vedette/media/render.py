"""Pictures as a video file with exactly these frames at exactly this rate, lossless if wanted."""

import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av

from vedette.media.encode import LOSSLESS_QP
from vedette.media.picture import copied, planes_of
from vedette.media.problems import media_error, reason
from vedette.types.media import Picture


def render(
    pictures: Iterable[Picture],
    path: Path,
    *,
    rate: Fraction = Fraction(25),
    qp: int = LOSSLESS_QP,
) -> int:
    """Write what decodes to the same yuv420p planes; returns how many frames.

    All get the first one's size, which must be even. H.264 at a constant quantiser (0 to 51: from 1
    on something is lost), a keyframe a second, mp4 or mkv by the name's ending. The file appears
    whole or not at all.
    """
    unfinished = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        count = _written(pictures, unfinished, rate, qp)
        if count == 0:
            raise media_error(path, "no pictures", "at least one", "a longer span of frames")
        unfinished.replace(path)
    except (av.FFmpegError, OSError) as error:
        raise media_error(
            path,
            f"a file that cannot be written: {reason(error)}",
            "a folder with room, a name that ends in .mp4 or .mkv, pictures with even sides",
            "another path",
        ) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return count


_OPTIONS = {"preset": "veryfast", "tune": "fastdecode", "bf": "0"}  # decodes in half


def _written(pictures: Iterable[Picture], path: Path, rate: Fraction, qp: int) -> int:
    count = 0
    with av.open(str(path.absolute()), "w") as container:
        options = {"qp": str(qp), **_OPTIONS}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.codec_context.gop_size = max(1, round(rate))
        stream.codec_context.thread_count = 1
        for picture in pictures:
            if count == 0:
                stream.width, stream.height = picture.width, picture.height
            frame = copied(planes_of(picture, stream.width, stream.height), None)
            if count == 0:
                stream.codec_context.colorspace = frame.colorspace
                stream.codec_context.color_range = frame.color_range
            frame.pts, frame.time_base, frame.pict_type = count, 1 / rate, 0
            container.mux(stream.encode(frame))
            count += 1
        if count:
            container.mux(stream.encode(None))
    return count
