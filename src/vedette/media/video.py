"""Video files and streams, frame by frame."""

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from vedette.media.looking import look_at, look_through
from vedette.media.packets import frames, open_video
from vedette.media.picture import DecodedPicture
from vedette.media.timing import Timer
from vedette.media.tracks import Note, Shot

_SPOILS_SEEKING = frozenset({"damaged", "skipped", "time"})

Opened = tuple[InputContainer, VideoStream]


class Video:
    """A video file (a path) or stream (a URL). ``threads``: 0 the decoder's choice, 1 none."""

    def __init__(self, url: str | Path, note: Note, *, threads: int, live: bool) -> None:
        self.live = live
        self._url, self._tell, self._threads = url, note, threads
        self._waiting: Opened | None = None
        if isinstance(url, Path):
            self._facts = look_through(url, note)
        else:
            self._waiting = open_video(url, threads=threads)  # a stream is not opened twice
            self._facts = look_at(self._waiting[1])
        self.size, self.rate = self._facts.size, self._facts.rate
        self.declared = self._facts.declared
        self.can_seek = isinstance(url, Path) and self._facts.exact_time

    def shots(self, key_pts: int | None = None) -> Iterator[Shot] | None:
        """One pass, from the keyframe with that pts on; None if it is not found there."""
        if key_pts is None:
            return self._shots(None)
        return self._shots(key_pts) if self.can_seek and self._finds(key_pts) else None

    def close(self) -> None:
        if self._waiting is not None:
            self._waiting[0].close()
            self._waiting = None

    def _open(self) -> Opened:
        opened, self._waiting = self._waiting, None
        return opened or open_video(self._url, threads=self._threads)

    def _shots(self, key_pts: int | None) -> Iterator[Shot]:
        container, stream = self._open()
        with container:
            if key_pts is not None:
                container.seek(key_pts, stream=stream)
            count = 0
            for shot in self._timed(container, stream, key_pts):
                count += 1
                yield shot
        missing = (self.declared or 0) - count
        if key_pts is None and missing > 0:
            self._note("missing", f"{count} frames come out of {self.declared}", missing)

    def _timed(
        self, container: InputContainer, stream: VideoStream, key_pts: int | None
    ) -> Iterator[Shot]:
        facts = self._facts
        base = stream.time_base or Fraction(1)
        timer = Timer(base, facts.rate, facts.zero_pts, exact=facts.exact_time)
        leads = key_pts is not None  # pictures before it refer to what was not decoded
        with closing(frames(container, stream, self._note)) as decoded:
            for frame in decoded:
                leads = leads and frame.pts != key_pts
                if leads:
                    continue
                time_s = timer.time(frame.pts, self._note)
                yield Shot(self._picture(frame), time_s, frame.pts if frame.key_frame else None)

    def _picture(self, frame: av.VideoFrame) -> DecodedPicture:
        turned = self._facts.turns % 2 == 1
        size = (frame.height, frame.width) if turned else (frame.width, frame.height)
        if size != self.size:
            self._note("resolution", f"{size[0]}x{size[1]} is scaled to the first size", 1)
        return DecodedPicture(frame, self.size, self._facts.turns)

    def _note(self, kind: str, detail: str, count: int) -> None:
        self.can_seek = self.can_seek and kind not in _SPOILS_SEEKING
        self._tell(kind, detail, count)

    def _finds(self, key_pts: int) -> bool:
        """Whether a seek for it comes out at a keyframe of that pts, or before it."""
        container, stream = self._open()
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
