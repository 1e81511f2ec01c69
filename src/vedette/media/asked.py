"""Pictures that are decoded when somebody asks for one: what nobody looks at is skipped.

Which packet becomes which frame is known from the packets' time stamps, so frames have their
numbers and times before anything is decoded. When a picture is asked for, the packets that it
depends on are decoded: those from the keyframe before it on, or from where the decoder is. Of
frames that no other frame refers to, those that nobody wants any more are passed over. So what is
looked at is, bit by bit, what decoding everything gives.
"""

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import chain
from typing import Protocol
from weakref import WeakValueDictionary

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from vedette.image import ArrayPicture, Box
from vedette.media.packets import packets
from vedette.media.picture import DecodedPicture
from vedette.media.problems import media_error, reason
from vedette.media.tracks import Note
from vedette.types.media import Pixels

_EVEN = 8  # distances in a row that make a rhythm


class Index:
    """Packets in file order by the frames that they become: number n has the n-th smallest pts."""

    def __init__(self, pts: Sequence[int], is_key: Sequence[bool]) -> None:
        self.pts = sorted(pts)
        self._number = {each: number for number, each in enumerate(self.pts)}
        self.numbers = [self._number[each] for each in pts]
        self._position = np.argsort(self.numbers).tolist()
        self._keys = [place for place, key in enumerate(is_key) if key] or [0]
        self.key_numbers = frozenset(self.numbers[place] for place in self._keys)

    def __len__(self) -> int:
        return len(self.pts)

    def number(self, pts: int | None) -> int | None:
        return None if pts is None else self._number.get(pts)

    def position(self, number: int) -> int:
        """Where in the file a frame's packet is."""
        return int(self._position[number])

    def entry(self, number: int) -> int:
        """The position of the last keyframe from which a frame can be decoded.

        A frame that comes in the file after a keyframe but is shown before it depends on what was
        before that.

        >>> index = Index([0, 3, 1, 6, 4, 5, 7], [True, False, False, True, False, False, False])
        >>> [index.entry(number) for number in range(7)]
        [0, 0, 0, 0, 0, 3, 3]
        """
        at = bisect_right(self._keys, self._position[number]) - 1
        while at > 0 and self.numbers[self._keys[at]] > number:
            at -= 1
        return self._keys[max(at, 0)]


class Rhythm:
    """Whether pictures are asked for at even distances, and then which is next."""

    def __init__(self) -> None:
        self._last = self._distance = self._times = 0

    def asked(self, number: int) -> None:
        distance = number - self._last
        self._times = self._times + 1 if distance == self._distance > 0 else 0
        self._last, self._distance = number, distance

    @property
    def next(self) -> int | None:
        """None while nobody can tell."""
        return self._last + self._distance if self._times >= _EVEN else None

    def expects(self, number: int) -> bool:
        """Whether a later frame may be asked for.

        >>> rhythm = Rhythm()
        >>> for number in range(0, 100, 10):
        ...     rhythm.asked(number)
        >>> rhythm.next, rhythm.expects(99), rhythm.expects(100)
        (100, False, True)
        """
        return self.next is None or (number - self._last) % self._distance == 0


class AskedPicture:
    """One frame of a film, decoded when its pixels are asked for. Safe to share among threads."""

    __slots__ = ("__weakref__", "_film", "decoded", "height", "number", "width")

    def __init__(self, film: "Film", number: int, size: tuple[int, int]) -> None:
        self._film, self.number = film, number
        self.width, self.height = size
        self.decoded: DecodedPicture | None = None

    def bgr(self, width: int | None = None, height: int | None = None) -> Pixels:
        return self._seen().bgr(width, height)

    def luma(self) -> Pixels:
        return self._seen().luma()

    def planes(self, width: int, height: int) -> av.VideoFrame:
        return self._seen().planes(width, height)

    def patch(self, box: Box, side: int) -> Pixels:
        return self._seen().patch(box, side)

    def _seen(self) -> DecodedPicture:
        return self.decoded or self._film.ask(self)

    def __reduce__(self) -> tuple[type[ArrayPicture], tuple[Pixels]]:
        return ArrayPicture, (np.ascontiguousarray(self.bgr()),)


class Making(Protocol):
    """Makes a picture of what came out of the decoder."""

    def __call__(self, frame: av.VideoFrame, /) -> DecodedPicture: ...


class Film:
    """A video file's frames from ``first`` on; each is born in order, and decoded when asked for.

    A frame that nobody holds any more before it was asked for will never be: it need not be
    decoded. ``again`` opens the file, for the
    decoder of one thread; it is closed with the last picture.
    """

    def __init__(
        self,
        again: Callable[[], tuple[InputContainer, VideoStream]],
        index: Index,
        made: Making,
        note: Note,
        *,
        size: tuple[int, int],
        first: int = 0,
    ) -> None:
        self._again, (self._container, self._stream) = again, again()
        self._index, self._made, self._note, self._size = index, made, note, size
        self._lock = threading.Lock()
        self._rhythm = Rhythm()
        self._born: WeakValueDictionary[int, AskedPicture] = WeakValueDictionary()
        self._newest = first - 1
        self._early: dict[int, DecodedPicture] = {}  # came out before they were born
        self._due: set[int] = set()  # went in whole, and have not come out
        self._packets: Iterator[Packet[VideoStream]] = packets(self._container, self._stream, note)
        self._at, self._is_cut = 0, False  # the next packet; whether it can only be a keyframe's
        self._last: DecodedPicture | None = None

    @property
    def time_base(self) -> Fraction:
        return self._stream.time_base or Fraction(1)

    def picture(self, number: int) -> AskedPicture:
        """The next frame's, to be asked for or to be let go."""
        with self._lock:
            picture = AskedPicture(self, number, self._size)
            picture.decoded = self._early.pop(number, None)
            self._born[number], self._newest = picture, number
            return picture

    def ask(self, picture: AskedPicture) -> DecodedPicture:
        with self._lock:
            self._rhythm.asked(picture.number)
            if picture.decoded is None:
                self._go_to(picture.number)
                self._decode(picture.number)
            return picture.decoded or self._instead(picture)

    def _decode(self, number: int) -> None:
        """Feed the decoder until a frame has come out of it, or nothing is left."""
        self._due.add(number)
        while number in self._due and self._feed():
            if self._may_end_here(number):
                self._drain()

    def _go_to(self, number: int) -> None:
        """Have the decoder where it can go on to a frame."""
        entry, place = self._index.entry(number), self._index.position(number)
        if place < self._at:
            if number not in self._due or self._is_cut:
                self._rewind(entry)
        elif entry >= self._at and not self._is_awaited_before(self._index.numbers[entry]):
            if entry > self._at or self._is_cut:
                self._leap(entry)
        elif self._is_cut:
            self._rewind(entry)

    def _is_awaited_before(self, number: int) -> bool:
        return any(
            picture.decoded is None and each < number and self._index.position(each) >= self._at
            for each, picture in self._born.items()
        )

    def _leap(self, place: int) -> None:
        """Past packets that nobody needs, to a keyframe's."""
        while self._at < place and (packet := next(self._packets, None)) is not None:
            self._at += _counts(packet)
        self._begin_anew()

    def _rewind(self, place: int) -> None:
        """To a keyframe's packet that is past, by way of the start where it cannot be sought."""
        pts = self._index.pts[self._index.numbers[place]]
        found = self._sought(pts)
        if found is None:
            self._container.close()
            self._container, self._stream = self._again()
            self._packets, self._at = packets(self._container, self._stream, self._note), 0
            self._leap(place)
            return
        self._packets, self._at = found, place
        self._begin_anew()

    def _sought(self, pts: int) -> Iterator["Packet[VideoStream]"] | None:
        """The packets from a keyframe on, None where a seek does not lead to it."""
        try:
            self._container.seek(pts, stream=self._stream)
        except av.FFmpegError:
            return None
        coming = packets(self._container, self._stream, self._note)
        for packet in coming:
            if packet.pts == pts and _counts(packet):
                return chain([packet], coming)
        return None

    def _begin_anew(self) -> None:
        self._stream.codec_context.flush_buffers()
        self._due.clear()
        self._is_cut = False

    def _feed(self) -> bool:
        """One packet into the decoder; False when there are no more."""
        packet = next(self._packets, None)
        if packet is None:
            return False
        number = self._index.number(packet.pts) if _counts(packet) else None
        is_whole = number is None or self._is_wanted(number)
        self._stream.codec_context.skip_frame = "DEFAULT" if is_whole else "NONREF"
        if is_whole and number is not None:
            self._due.add(number)
        self._at += _counts(packet)
        try:
            self._hand_out(packet.decode())
        except av.FFmpegError as error:
            self._note("skipped", f"a packet cannot be decoded: {reason(error)}", 1)
        return True

    def _is_wanted(self, number: int) -> bool:
        picture = self._born.get(number)
        if picture is None:
            return number > self._newest and self._rhythm.expects(number)
        return picture.decoded is None and self._rhythm.expects(number)

    def _may_end_here(self, number: int) -> bool:
        """Whether a frame is in, and the next one asked for lies beyond another keyframe."""
        following = self._rhythm.next
        if following is None or self._index.position(number) >= self._at:
            return False
        beyond = following >= len(self._index) or self._index.entry(following) >= self._at
        return beyond and self._due == {number}

    def _drain(self) -> None:
        """Have the decoder put out what it holds back; after that only a keyframe can go in."""
        self._hand_out(self._stream.codec_context.decode(None))
        self._is_cut = True

    def _hand_out(self, frames: Sequence[av.VideoFrame]) -> None:
        for frame in frames:
            number = self._index.number(frame.pts)
            if number is None:
                continue
            self._due.discard(number)
            if frame.is_corrupt:
                self._note("damaged", "a picture is patched up by the decoder", 1)
            picture = self._born.get(number)
            if picture is not None:
                picture.decoded = self._last = self._made(frame)
            elif number > self._newest:
                self._early[number] = self._made(frame)

    def _instead(self, picture: AskedPicture) -> DecodedPicture:
        """The last picture that came out, where damage took the one that was asked for."""
        number = picture.number
        self._note("damaged", f"frame {number} does not come out of the decoder", 1)
        if self._last is None:
            raise media_error(
                f"frame {number}",
                "no picture that can be decoded",
                "a video that is whole",
                "decode: all, which goes by what the decoder puts out",
            )
        picture.decoded = self._last
        return self._last


def _counts(packet: "Packet[VideoStream]") -> bool:
    """Whether a packet becomes a frame."""
    return bool(packet.size) and not packet.is_discard
