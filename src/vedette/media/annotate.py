"""What was seen, drawn on the pictures it was seen in, as a film for each stream."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from vedette.errors import MediaError
from vedette.media.drawing import ALERT, draw_box, draw_plate, plate_size, track_colour
from vedette.media.problems import media_error, reason
from vedette.media.source import local_file
from vedette.types.events import Event
from vedette.types.graph import Workflow
from vedette.types.media import Bundle, Detections, Frame, Pixels

_TICKS = 90_000  # a second, as in MPEG
_SHOWN_S = 3  # how long an event stays on the picture
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_QUALITY = {"crf": "21", "preset": "veryfast", "bf": "0"}  # so that it begins at 0
_SUFFIXES = {".mkv", ".mov", ".mp4"}


@dataclass(slots=True)
class Film:
    """One stream's film. What is written so far plays, even if nobody lives to close it."""

    path: Path
    _container: OutputContainer | None = None
    _stream: VideoStream | None = None
    _last: int = -1

    def add(self, pixels: Pixels, time_s: Fraction, rate: Fraction) -> None:
        """The next picture; an odd last row or column is left out. Raises MediaError."""
        height, width = (side // 2 * 2 for side in pixels.shape[:2])
        try:
            stream = self._stream or self._open(width, height, rate)
            even = np.ascontiguousarray(pixels[:height, :width])
            frame = av.VideoFrame.from_ndarray(even, format="bgr24")
            self._last = max(self._last + 1, round(time_s * _TICKS))
            frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
            if self._container is not None:
                self._container.mux(stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise self._unwritable(error) from None

    def close(self) -> None:
        container, self._container = self._container, None
        if container is None or self._stream is None:
            return
        try:
            container.mux(self._stream.encode(None))
            container.close()
        except (av.FFmpegError, OSError) as error:
            raise self._unwritable(error) from None

    def _open(self, width: int, height: int, rate: Fraction) -> VideoStream:
        is_mp4 = self.path.suffix.lower() != ".mkv"
        flags = {"flush_packets": "1"}  # a film of a run that is killed can be played
        if is_mp4:
            flags["movflags"] = "hybrid_fragmented+frag_keyframe"
        self._container = av.open(str(self.path.absolute()), "w", options=flags)
        stream = self._container.add_stream("libx264", rate=rate, options=_QUALITY)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.codec_context.gop_size = max(1, round(2 * rate))
        self._stream = stream
        return stream

    def _unwritable(self, error: Exception) -> MediaError:
        return media_error(
            self.path,
            f"a film that cannot be written: {reason(error)}",
            "a folder with room",
            "another path",
        )


@dataclass(slots=True)
class Scene:
    """What a stream shows at the moment: its film, its last detections, and events still fresh."""

    film: Film
    seen: Detections | None = None
    events: list[Event] = field(default_factory=list)


class Annotator:
    """Watches a run: told of every frame with what was made of it, in order for each stream.

    ``path`` names the film; of several streams each has its own, with its name behind a dash. A
    run that goes on writes one more, with the number of its first frame; ``afresh`` writes over
    what is there. Raises MediaError for another ending, and for a film in place of a stream's own.
    """

    def __init__(
        self,
        path: Path,
        workflow: Workflow,
        rates: Mapping[str, Fraction],
        *,
        afresh: bool = False,
    ) -> None:
        if path.suffix.lower() not in _SUFFIXES:
            found, expected = f"the ending {path.suffix!r}", "a film: .mp4, .mkv or .mov"
            raise media_error(path, found, expected, f"{path.stem}.mp4")
        self._path, self._tracks, self._rates = path, workflow.events.tracks, rates
        self._afresh = afresh
        self._sources = {stream.name: source for source, stream in workflow.streams()}
        own = {file.resolve() for _, each in workflow.streams() if (file := local_file(each.url))}
        for name in self._sources:
            if self._named(name, 0).resolve() in own:
                found, hint = "a video that is read", f"{path.stem}-seen{path.suffix}"
                raise media_error(path, found, "a film of its own", hint)
        self._scenes: dict[str, Scene] = {}

    @property
    def films(self) -> tuple[Path, ...]:
        """The films that were begun, in the order of the streams' names."""
        return tuple(scene.film.path for _, scene in sorted(self._scenes.items()))

    def __call__(self, stream: str, number: int, bundles: Mapping[str, Bundle]) -> None:
        """One frame: its source's bundle, that of the step that tracks, and the answers."""
        scene = self._scenes.get(stream) or self._scenes.setdefault(
            stream, Scene(Film(self._named(stream, number)))
        )
        frame = next(item for _, item in bundles[self._sources[stream]].items)
        items = [item for bundle in bundles.values() for _, item in bundle.items]
        tracked = bundles.get(self._tracks)
        for item in (each for _, each in tracked.items) if tracked else ():
            scene.seen = item if isinstance(item, Detections) else scene.seen
        scene.events += [item for item in items if isinstance(item, Event)]
        scene.events = [e for e in scene.events if frame.time_s - e.time_s < _SHOWN_S]
        scene.film.add(drawn(frame, scene.seen, scene.events), frame.time_s, self._rates[stream])

    def close(self) -> None:
        for scene in self._scenes.values():
            scene.film.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _named(self, stream: str, number: int) -> Path:
        path = self._path
        more = [stream] if len(self._sources) > 1 else []
        more += [f"{number:06d}"] if number > 0 and path.exists() and not self._afresh else []
        return path.with_stem("-".join([path.stem, *more]))


def drawn(frame: Frame, seen: Detections | None, events: Iterable[Event]) -> Pixels:
    """A frame's pixels with what was last seen, what happened lately, and the time."""
    pixels = np.array(frame.picture.bgr())
    width = max(1, min(pixels.shape[:2]) // 360)
    told = {event.ordinal: event for event in events}
    if seen is not None:
        for row in range(len(seen)):
            _draw_row(pixels, seen, row, told, width)
    _, high = plate_size(pixels, "0")
    for line, event in enumerate(told.values()):
        text = f"{event.kind}: {event.label} {event.confidence:.2f} at {_clock(event.time_s)}"
        draw_plate(pixels, text, (high // 3, high // 3 + line * (high + 2)), ALERT, _WHITE)
    text = f"{frame.key.stream}  {_clock(frame.time_s)}  {frame.key.frame}"
    draw_plate(pixels, text, (high // 3, pixels.shape[0] - high - high // 3), _BLACK, _WHITE)
    return pixels


def _draw_row(
    pixels: Pixels, seen: Detections, row: int, told: Mapping[int, Event], width: int
) -> None:
    track, label = int(seen.track[row]), seen.labels[int(seen.label[row])]
    box = seen.boxes[row].tolist()
    if track in told:
        draw_box(pixels, box, "", ALERT, width=3 * width + 2)
    if track < 0:  # nobody is sure of it yet
        draw_box(pixels, box, "", track_colour(track), width=width)
        return
    text = f"{label} {track}  {float(seen.confidence[row]):.2f}"
    draw_box(pixels, box, text, track_colour(track), width=width + 1)


def _clock(time_s: Fraction) -> str:
    """Hours only where there are some.

    >>> _clock(Fraction(305, 4)), _clock(Fraction(7322))
    ('01:16.2', '2:02:02.0')
    """
    tenths = int(time_s * 10)
    minutes, seconds = divmod(tenths / 10, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:04.1f}" if hours else f"{minutes:02d}:{seconds:04.1f}"
