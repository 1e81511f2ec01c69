"""Frames are thinned out by time and by change; pictures shrink where it is charged."""

import copy
import pickle
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.errors import DeclarationError
from vedette.image import ArrayPicture
from vedette.media.picture import DecodedPicture
from vedette.ops.sample import Sample, SkipStill, resize
from vedette.ops.transport import Encode
from vedette.types.media import Frame, Key, Picture, Pixels


def frame(number: int = 0, time_s: Fraction | None = None, picture: Picture | None = None) -> Frame:
    shown = picture or ArrayPicture(np.zeros((36, 64, 3), np.uint8))
    size = (shown.width, shown.height)
    at = Fraction(number, 25) if time_s is None else time_s
    return Frame(Key("camera", number), at, shown, size, (0.0, 0.0, float(size[0]), float(size[1])))


def kept(sample: Sample, times: Sequence[Fraction]) -> list[int]:
    made = [frame(number, time) for number, time in enumerate(times)]
    return [each.key.frame for each in made if sample(each) is not None]


def steps(count: int, rate: int) -> list[Fraction]:
    return [Fraction(number, rate) for number in range(count)]


def test_source_keeps_every_frame() -> None:
    assert kept(Sample(), steps(9, 25)) == list(range(9))


def test_a_rate_that_divides_takes_every_nth() -> None:
    assert kept(Sample(rate_fps=5), steps(20, 25)) == [0, 5, 10, 15]


def test_a_rate_that_does_not_divide_is_kept_on_average() -> None:
    assert kept(Sample(rate_fps=12), steps(25, 25)) == [0, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23]


def test_a_rate_above_the_sources_keeps_every_frame() -> None:
    assert kept(Sample(rate_fps=60), steps(9, 25)) == list(range(9))


def test_rounded_times_are_on_time() -> None:
    rounded = [Fraction(round(1000 * time), 1000) for time in steps(30, 30)]
    assert kept(Sample(rate_fps=15), rounded) == list(range(0, 30, 2))


def test_a_gap_does_not_lead_to_a_burst() -> None:
    times = [Fraction(t, 100) for t in (0, 4, 8, 95, 99, 103)]
    assert kept(Sample(rate_fps=10), times) == [0, 3, 5]


@settings(deadline=None)
@given(st.lists(st.fractions(0, 1, max_denominator=90_000), max_size=80), st.integers(1, 60))
def test_never_more_than_the_rate_nor_less_than_there_is(gaps: list[Fraction], rate: int) -> None:
    times = list(np.cumsum([Fraction(0), *gaps]))
    left = [times[number] for number in kept(Sample(rate_fps=rate), times)]
    assert left[0] == 0
    assert len(left) <= times[-1] * rate + 2
    assert all(any(0 <= t - k <= Fraction(1, rate) for k in left) for t in times)


def test_sampling_goes_on_from_its_saved_state() -> None:
    one, other = Sample(rate_fps=5), Sample(rate_fps=5)
    for number in range(7):
        one(frame(number))
    other.state = pickle.loads(pickle.dumps(one.state))
    assert [one(frame(n)) is None for n in range(7, 20)] == [
        other(frame(n)) is None for n in range(7, 20)
    ]


@pytest.mark.parametrize("rate", [0, -2, "often"])
def test_a_rate_that_is_none_is_refused(rate: float | str) -> None:
    with pytest.raises(DeclarationError, match="rate_fps"):
        Sample(rate_fps=rate)


def with_square(left: int) -> Picture:
    pixels = np.full((90, 160, 3), 90, np.uint8)
    pixels[30:60, left : left + 30] = 230
    return ArrayPicture(pixels)


def test_still_frames_are_dropped_until_something_moves() -> None:
    skip = SkipStill(threshold=0.03)
    lefts = [10, 10, 10, 40, 40, 80]
    assert [skip(frame(picture=with_square(left))) is not None for left in lefts] == [
        True, False, False, True, False, True,
    ]  # fmt: skip


def test_slow_change_adds_up() -> None:
    skip = SkipStill(threshold=0.03)
    greys = [frame(picture=ArrayPicture(np.full((36, 64, 3), g, np.uint8))) for g in range(90, 120)]
    assert 2 <= sum(skip(each) is not None for each in greys) <= 5


def test_threshold_0_keeps_even_what_is_equal() -> None:
    skip = SkipStill(threshold=0.0)
    assert all(skip(frame(n)) is not None for n in range(3))


def test_skipping_goes_on_from_its_saved_state() -> None:
    one, other = SkipStill(threshold=0.03), SkipStill(threshold=0.03)
    one(frame(picture=with_square(10)))
    other.state = copy.deepcopy(one.state)
    assert other(frame(picture=with_square(10))) is None
    assert not other.state.streams["camera"].pixels.flags.writeable


class Counting(DecodedPicture):
    """Counts how often it is scaled."""

    __slots__ = ("count",)

    def __init__(self, shown: av.VideoFrame) -> None:
        super().__init__(shown)
        self.count = 0

    def planes(self, width: int, height: int) -> av.VideoFrame:
        self.count += 1
        return super().planes(width, height)

    def bgr(self, width: int | None = None, height: int | None = None) -> Pixels:
        self.count += 1
        return super().bgr(width, height)


def test_resizing_scales_once_and_encoding_not_at_all() -> None:
    picture = Counting(av.VideoFrame(640, 360, "yuv420p"))
    whole = frame(picture=picture)
    small = resize(whole, width=320)
    assert (small.picture.width, small.picture.height) == (320, 180)
    assert (small.size, small.region, small.key) == (whole.size, whole.region, whole.key)
    assert picture.count == 1
    Encode(kind="frame")(small)
    small.picture.bgr(160, 90)
    small.picture.luma()
    assert picture.count == 1


@pytest.mark.parametrize("width", ["source", 64, 65, 4000])
def test_nothing_is_made_larger(width: int | str) -> None:
    whole = frame()
    assert resize(whole, width=width) is whole


def test_the_height_is_even() -> None:
    whole = frame(picture=ArrayPicture(np.zeros((243, 432, 3), np.uint8)))
    assert resize(whole, width=320).picture.bgr().shape == (180, 320, 3)
    assert resize(whole, width=100).picture.height == 56


@pytest.mark.parametrize(("colorspace", "color_range"), [(1, 1), (1, 2), (5, 1), (5, 2)])
def test_a_resized_picture_looks_like_one_scaled_at_once(colorspace: int, color_range: int) -> None:
    slope = np.linspace(40, 200, 96, dtype=np.uint8)
    shown = av.VideoFrame.from_ndarray(np.repeat(slope[:, None], 64, axis=1), "yuv420p")
    shown.colorspace, shown.color_range = colorspace, color_range
    picture = DecodedPicture(shown)
    small = resize(frame(picture=picture), width=32).picture
    assert np.abs(small.bgr().astype(int) - picture.bgr(32, 32)).mean() < 4


@pytest.mark.parametrize("width", [0, -5, "wide"])
def test_a_width_that_is_none_is_refused(width: int | str) -> None:
    with pytest.raises(DeclarationError, match="width"):
        resize(frame(), width=width)
