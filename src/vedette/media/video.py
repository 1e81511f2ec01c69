"""Video files and streams, frame by frame."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vedette.media.asked import Film, Index
from vedette.media.looking import look_at, look_through, without_frames
from vedette.media.packets import OPEN_S, frames, open_video
from vedette.media.picture import DecodedPicture
from vedette.media.timing import Timer
from vedette.media.tracks import Note, Shot
from vedette.media.upright import UPRIGHT, Turn

_SPOILS_SEEKING = frozenset({"damaged", "skipped", "time"})


@dataclass(frozen=True, slots=True)
class How:
    """How a video is read. ``threads``: 0 the decoder's choice, 1 none beside the caller's.

    ``turn`` is on top of what the video itself says. ``size`` is what it passes for, where that
    is not its own. ``open_s`` is how long a stream may take to open. ``asked``: a file's pictures
    are decoded when they are asked for.
    """

    threads: int = 0
    turn: Turn = UPRIGHT
    live: bool = False
    size: tuple[int, int] | None = None
    open_s: float = OPEN_S
    asked: bool = False
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that is open, with the frames that are still to come."""

    container: InputContainer
    stream: VideoStream
    decoded: Iterator[av.VideoFrame]


class Video:
    """A video file (a path) or one connection to a stream (a URL)."""

    def __init__(self, url: str | Path, note: Note, how: How = How()) -> None:  # a frozen value
        self.live = how.live
        self._url, self._tell, self._how = url, note, how
        self._waiting: Opened | None = None
        self.can_seek = False
        if isinstance(url, Path):
            self._facts = look_through(url, note)
            self.ends = True
        else:
            self._waiting = opened = self._open()  # a stream is not opened twice
            first = next(opened.decoded, None)
            if first is None:
                opened.container.close()
                raise without_frames(url)
            self._waiting = Opened(opened.container, opened.stream, chain([first], opened.decoded))
            self._facts = look_at(opened.stream, first)
            self.ends = opened.container.duration is not None
        self._turn = self._facts.turn.then(how.turn)
        self.size = how.size or how.turn.size(*self._facts.size)
        self.rate, self.declared = self._facts.rate, self._facts.declared
        self.can_seek = isinstance(url, Path) and self._facts.exact_time
        self._index = (
            Index(*zip(*self._facts.packets, strict=True)) if self._facts.packets else None
        )
        if how.asked and self._index is None:
            note("decoded in full", "its packets do not say which frames they become", 1)

    def shots(self, key_pts: int | None = None) -> Iterator[Shot] | None:
        """One pass, from the keyframe with that pts on; None if it is not found there."""
        if self._how.asked and self._index is not None:
            return self._asked(self._index, key_pts)
        if key_pts is None:
            return self._shots(None)
        return self._shots(key_pts) if self.can_seek and self._finds(key_pts) else None

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting.container.close()
            self._waiting = None

    def _open(self) -> Opened:
        """What waits to be read, or the video opened anew."""
        opened, self._waiting = self._waiting, None
        if opened is not None:
            return opened
        how = self._how
        container, stream = open_video(self._url, threads=how.threads, open_s=how.open_s)
        clock = how.clock if how.live else None
        return Opened(container, stream, frames(container, stream, self._note, clock=clock))

    def _shots(self, key_pts: int | None) -> Iterator[Shot]:
        opened = self._open()
        with opened.container:
            if key_pts is not None:
                opened.container.seek(key_pts, stream=opened.stream)
            count = 0
            for shot in self._timed(opened, key_pts):
                count += 1
                yield shot
        missing = (self.declared or 0) - count
        if key_pts is None and missing > 0:
            self._note("missing", f"{count} frames come out of {self.declared}", missing)

    def _timed(self, opened: Opened, key_pts: int | None) -> Iterator[Shot]:
        facts = self._facts
        base = opened.stream.time_base or Fraction(1)
        timer = Timer(base, facts.rate, facts.zero_pts, exact=facts.exact_time)
        leads = key_pts is not None  # pictures before it refer to what was not decoded
        for frame in opened.decoded:
            leads = leads and frame.pts != key_pts
            if leads:
                continue
            time_s = timer.time(frame.pts, self._note)
            yield Shot(self._picture(frame), time_s, frame.pts if frame.key_frame else None)

    def _asked(self, index: Index, key_pts: int | None) -> Iterator[Shot] | None:
        """One pass without decoding: each picture comes when it is asked for."""
        first = 0 if key_pts is None else index.number(key_pts)
        if first is None or (first and first not in index.key_numbers):
            return None
        assert isinstance(self._url, Path)
        again = partial(open_video, self._url, threads=1)
        film = Film(again, index, self._picture, self._note, size=self.size, first=first)
        timer = Timer(film.time_base, self.rate, index.pts[0], exact=True)
        return (
            Shot(
                film.picture(number),
                timer.time(index.pts[number], self._note),
                index.pts[number] if number in index.key_numbers else None,
            )
            for number in range(first, len(index))
        )

    def _picture(self, frame: av.VideoFrame) -> DecodedPicture:
        size = self._turn.size(frame.width, frame.height)
        if size != self.size:
            self._note("resolution", f"{size[0]}x{size[1]} is scaled to the first size", 1)
        return DecodedPicture(frame, self.size, self._turn)

    def _note(self, kind: str, detail: str, count: int) -> None:
        self.can_seek = self.can_seek and kind not in _SPOILS_SEEKING
        self._tell(kind, detail, count)

    def _finds(self, key_pts: int) -> bool:
        """Whether a seek for it comes out at a keyframe of that pts, or before it."""
        container, stream = open_video(self._url, threads=self._how.threads)
        with container, closing(frames(container, stream, _unheard)) as decoded:
            try:
                container.seek(key_pts, stream=stream)
            except av.FFmpegError:
                return False
            for frame in decoded:
                if frame.pts is not None and frame.pts >= key_pts:
                    return frame.pts == key_pts and bool(frame.key_frame)
        return False


def _unheard(kind: str, detail: str, count: int) -> None:
    """Looking for a frame is not reading."""
