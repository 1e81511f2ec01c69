"""A look through a video before it is read: what to believe of what it says about itself."""

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vedette.errors import MediaError
from vedette.media.packets import frames, open_video, packets
from vedette.media.problems import media_error
from vedette.media.timing import can_increase, increases, nominal_rate
from vedette.media.tracks import Note
from vedette.media.upright import UPRIGHT, Turn, shown_turn

_LOOKED_AT = 24  # more frames than any decoder reorders


@dataclass(frozen=True, slots=True)
class Facts:
    """``size`` is that of the upright picture, which ``turn`` leads to.

    ``zero_pts`` is the first frame's. ``declared`` counts the frames that a pass should have.
    ``packets`` are (pts, whether a keyframe's) in file order, empty where they do not say which
    frames come of them.
    """

    size: tuple[int, int]
    rate: Fraction
    turn: Turn = UPRIGHT
    declared: int | None = None
    zero_pts: int | None = None
    exact_time: bool = True
    packets: tuple[tuple[int, bool], ...] = ()


def look_at(stream: VideoStream, first: av.VideoFrame) -> Facts:
    """What an opened stream and its first frame say; all else is found out as it comes."""
    turn = shown_turn(first)
    return Facts(turn.size(first.width, first.height), _rate(stream), turn)


def look_through(path: Path, note: Note) -> Facts:
    """All packets of a file without decoding them, and its first frames."""
    container, stream = open_video(path, threads=1)
    with container:
        found = [
            (packet.pts, packet.is_keyframe)
            for packet in packets(container, stream, note)
            if packet.size and not packet.is_discard
        ]
        pts = [each for each, _ in found]
        declared = max(stream.frames, len(pts), _frames_by_duration(container, stream))
        rate = _rate(stream)
    first = _first_frames(path)
    exact = can_increase(pts) and increases([frame.pts for frame in first])
    if not exact:
        note("time", f"pts do not increase: time is frame number / {float(rate):g}", 1)
    turn = shown_turn(first[0])
    return Facts(
        size=turn.size(first[0].width, first[0].height),
        rate=rate,
        turn=turn,
        declared=declared,
        zero_pts=first[0].pts,
        exact_time=exact,
        packets=_telling(found, first) if exact else (),
    )


def _telling(
    found: list[tuple[int | None, bool]], first: list[av.VideoFrame]
) -> tuple[tuple[int, bool], ...]:
    """The packets, if the first of them become the frames that really came."""
    known = [(pts, is_key) for pts, is_key in found if pts is not None]
    begins = sorted(pts for pts, _ in known)[: len(first)]
    return tuple(known) if begins == [frame.pts for frame in first] else ()


def _first_frames(path: Path) -> list[av.VideoFrame]:
    container, stream = open_video(path, threads=1)
    with container, closing(frames(container, stream, _unheard)) as decoded:
        found = list(islice(decoded, _LOOKED_AT))
    if not found:
        raise without_frames(path)
    return found


def without_frames(url: str | Path) -> MediaError:
    return media_error(
        url,
        "a video of which no frame can be decoded",
        "at least one whole frame",
        "playing it in a player; it may be cut off or encrypted",
    )


def _frames_by_duration(container: InputContainer, stream: VideoStream) -> int:
    """What a container says that gives a duration but no count, if it holds nothing else."""
    if container.duration is None or len(container.streams) > 1:
        return 0
    if stream.average_rate is None or "matroska" not in container.format.name:
        return 0
    return int(Fraction(container.duration, av.time_base) * stream.average_rate)


def _rate(stream: VideoStream) -> Fraction:
    return nominal_rate(stream.average_rate, stream.guessed_rate)


def _unheard(kind: str, detail: str, count: int) -> None:
    """What is wrong is said when the file is read: saying it twice would count it twice."""
