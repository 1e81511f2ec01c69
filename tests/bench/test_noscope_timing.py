from collections.abc import Iterator
from fractions import Fraction
from types import SimpleNamespace

import pytest

from vedette.bench.noscope_timing import Answers, Speed, Watched
from vedette.types.media import Bundle


def test_an_answer_holds_until_the_next_frame_that_is_looked_at() -> None:
    answers = Answers("gate")
    for frame, items in ((10, ((0, [1]),)), (11, ()), (12, ((0, []),)), (13, ())):
        answers.deliver("gate", Bundle("camera", frame, Fraction(frame), items))
    answers.deliver("other", Bundle("camera", 11, Fraction(11), ((0, []),)))
    assert answers.said(10, 15) == (True, True, False, False, False)


def test_a_run_that_answers_nothing_is_no_run_of_noes() -> None:
    with pytest.raises(ValueError, match="no answer of the step gate"):
        Answers("gate").said(0, 3)


def test_seconds_are_those_of_a_device_of_speed_1() -> None:
    assert Speed([0.0077, 0.0077], [0.0154]).milliseconds(1.0) == 1000
    assert Speed([0.0154], [0.0154]).milliseconds(1.0) == 500


def test_what_was_spent_before_the_first_frame_does_not_count() -> None:
    source = SimpleNamespace(
        stream=None, size=(1, 1), rate=Fraction(1), frames=lambda *_: iter("abc")
    )
    watched = Watched(source)  # type: ignore[arg-type]
    frames: Iterator[object] = watched.frames()
    assert watched.begun_s == 0
    assert next(frames) == "a"
    begun_s = watched.begun_s
    assert begun_s > 0
    assert [*frames] == ["b", "c"]
    assert (watched.begun_s, watched.handed_out) == (begun_s, 3)
