"""One contract for all sources: frames with a number, a time and a picture, whatever they are from.

The frame number is the position in what the decoder puts out. Time is seconds since the first
frame, exact where the source's own stamps strictly increase, otherwise number / rate.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote

from vedette.addresses import LIVE_SCHEMES, device_of, is_live, scheme_of
from vedette.media.folder import Folder
from vedette.media.live import Live, Patience
from vedette.media.packets import expanded
from vedette.media.problems import media_error
from vedette.media.timing import NOMINAL_RATE
from vedette.media.tracks import Note, Notebook, Pictures, Shot
from vedette.media.upright import clockwise
from vedette.media.video import How, Video
from vedette.types.events import Incident
from vedette.types.graph import Span, Stream
from vedette.types.media import Checkpoint, Frame, Key

SCHEMES = frozenset({"http", "https"}) | LIVE_SCHEMES


def open_source(
    stream: Stream,
    *,
    threads: int = 0,
    patience: Patience = Patience(),  # noqa: B008  # a frozen value
) -> "Reader":
    """A stream's video file, folder of pictures (``shots/?rate=10``, by default 25), URL or webcam.

    ``threads``: 0 as many as the decoder likes, 1 none beside the caller's. With more than one,
    a damaged file may lose a few more frames at its end. ``${NAME}`` in a URL is a variable of the
    environment; whatever tells of the stream shows the name. A live source that is lost is opened
    again with ``patience``.
    """
    notebook = Notebook(stream.name)
    url, how = expanded(stream.url), _how(stream, threads, patience)
    scheme = scheme_of(url) or "file"
    if scheme in SCHEMES or device_of(url) is not None:
        return Reader(stream, _connected(stream, notebook, how, patience), notebook)
    if scheme != "file":
        raise media_error(
            stream.url,
            f"a URL of scheme {scheme}",
            f"a path, webcam:0, or a URL of scheme {', '.join(sorted(SCHEMES))}",
            "a path without a scheme",
        )
    return Reader(stream, _on_disk(stream.url, notebook, how), notebook)


def _how(stream: Stream, threads: int, patience: Patience) -> How:
    turn, asked = clockwise(stream.rotate), stream.decode == "asked"
    return How(threads, turn, asked=asked, clock=patience.clock)


def _connected(stream: Stream, notebook: Notebook, how: How, patience: Patience) -> Pictures:
    """A URL: a live one comes back when it is lost."""
    if stream.pace != "live" and not is_live(expanded(stream.url)):
        return Video(stream.url, notebook.note, how)

    def connect(note: Note, open_s: float, size: tuple[int, int] | None) -> Video:
        return Video(stream.url, note, replace(how, live=True, open_s=open_s, size=size))

    return Live(connect, notebook.note, patience)


def local_file(url: str) -> Path | None:
    """The file or folder on this machine that a stream's URL names, None if none is there."""
    return _local(expanded(url))[0]


class Reader:
    """Reads one stream. Each call of ``frames`` reads anew; use one at a time."""

    def __init__(self, stream: Stream, pictures: Pictures, notebook: Notebook) -> None:
        self.stream = stream
        self.size, self.rate = pictures.size, pictures.rate
        self._pictures, self._notebook = pictures, notebook
        self._seek: tuple[int, int] | None = None
        self._live = pictures.live or is_live(stream.url)

    @property
    def frames_declared(self) -> int | None:
        """How many frames the source says it has, repeats included; it may deliver fewer."""
        declared = self._pictures.declared
        return None if declared is None else declared * self.stream.repeat

    def incidents(self) -> tuple[Incident, ...]:
        """What was found wrong so far, one of a kind, with its count."""
        return self._notebook.incidents()

    def seek_point(self) -> tuple[int, int] | None:
        """(frame number, pts) of the last keyframe, where going on from it gives the same frames.

        None where only decoding from the start does: after damage, which decoders patch up with
        what came before, in repeats, and where pts are no guide.
        """
        return self._seek if self._pictures.can_seek else None

    def frames(self, span: Span = Span(), resume: Checkpoint | None = None) -> Iterator[Frame]:  # noqa: B008  # a frozen value
        """The frames of a span; after a resume only those that the checkpoint had not seen."""
        start = max(span.start, resume.frame if resume else 0)
        for number, time_s, shot in self._numbered(start, resume):
            if span.end is not None and number >= span.end:
                return
            if number >= start:
                yield self._frame(number, time_s, shot)

    def close(self) -> None:
        self._pictures.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _numbered(
        self, start: int, resume: Checkpoint | None
    ) -> Iterator[tuple[int, Fraction, Shot]]:
        """All passes as one, from the start or from the keyframe that the checkpoint names."""
        number, shots = self._begin(resume)
        begin_s, length, lasts_s = Fraction(0), 0, Fraction(0)
        if resume and self._live:
            number, begin_s = resume.frame, resume.time_s
        for turn in range(self.stream.repeat):
            if turn > 0 and number + length <= start:  # known by now: not to be decoded again
                number, begin_s = number + length, begin_s + lasts_s
                continue
            self._seek, end_s = None, begin_s
            for shot in shots if turn == 0 else self._pictures.shots() or ():
                # Only in the first pass does a number say how far into the file it is.
                if turn == 0 and shot.key_pts is not None:
                    self._seek = (number, shot.key_pts)
                yield number, begin_s + shot.time_s, shot
                number, end_s = number + 1, begin_s + shot.time_s + 1 / self.rate
            if turn == 0:
                length, lasts_s = number, end_s
            begin_s = end_s

    def _begin(self, resume: Checkpoint | None) -> tuple[int, Iterator[Shot]]:
        if resume and resume.seek and not self._live:
            shots = self._pictures.shots(resume.seek[1])
            if shots is not None:
                return resume.seek[0], shots
        return 0, self._pictures.shots() or iter(())

    def _frame(self, number: int, time_s: Fraction, shot: Shot) -> Frame:
        width, height = self.size
        key = Key(self.stream.name, number)
        return Frame(key, time_s, shot.picture, self.size, (0.0, 0.0, float(width), float(height)))


def _on_disk(url: str, notebook: Notebook, how: How) -> Pictures:
    path, query = _local(expanded(url))
    if path is not None and path.is_dir():
        return Folder(path, notebook.note, rate=_rate(url, query), turn=how.turn)
    if path is not None:
        if path.stat().st_size == 0:
            raise media_error(url, "an empty file", "a video", "copying it again")
        return Video(path, notebook.note, how)
    raise media_error(
        url,
        "nothing there",
        "a video file or a folder of pictures",
        "the path as seen from where the command runs",
    )


def _local(url: str) -> tuple[Path | None, str]:
    """A file, or a folder and what comes after its question mark, where one is there."""
    path = url
    if scheme_of(url) == "file":
        path = unquote(url[len("file://") :].removeprefix("localhost"))
    elif scheme_of(url):
        return None, ""
    folder, _, query = path.partition("?")
    if Path(path).is_file():
        return Path(path), ""
    return (Path(folder), query) if Path(folder).is_dir() else (None, "")


def _rate(url: str, query: str) -> Fraction:
    """The rate of a folder: what comes after ``?rate=``."""
    stated = parse_qs(query).get("rate", [])
    if not stated:
        return NOMINAL_RATE
    try:
        rate = Fraction(stated[0][:12])
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise media_error(
            url, f"a rate of {stated[0]}", "frames per second, above 0 to 1000", "shots/?rate=10"
        )
    return rate
