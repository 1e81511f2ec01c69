"""Time never goes back, whatever a source's stamps do."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.media.timing import Timer, nominal_rate
from vedette.media.tracks import Notebook

STAMPS = st.lists(st.none() | st.integers(-(2**33), 2**33), max_size=40)


def times(stamps: list[int | None], notebook: Notebook, *, exact: bool = True) -> list[Fraction]:
    timer = Timer(Fraction(1, 1000), Fraction(25), None, exact=exact)
    return [timer.time(stamp, notebook.note) for stamp in stamps]


@settings(deadline=None)
@given(STAMPS)
def test_time_increases_and_a_change_of_its_meaning_is_said_once(stamps: list[int | None]) -> None:
    notebook = Notebook("camera")
    found = times(stamps, notebook)
    assert found[:1] in ([], [0])
    assert all(one < other for one, other in pairwise(found))
    assert sum(incident.count for incident in notebook.incidents()) <= 1


def test_a_live_source_is_believed_until_its_stamps_go_back() -> None:
    notebook = Notebook("camera")
    found = times([700, 740, 790, 100, 900], notebook)
    assert [1000 * time for time in found] == [0, 40, 90, 130, 170]
    assert [incident.kind for incident in notebook.incidents()] == ["time"]


def test_without_trust_every_frame_is_one_step() -> None:
    notebook = Notebook("camera")
    assert times([5, 3, None], notebook, exact=False) == [0, Fraction(1, 25), Fraction(2, 25)]
    assert notebook.incidents() == ()


def test_a_source_that_says_nothing_has_25_frames_a_second() -> None:
    assert nominal_rate(None, None) == 25


def test_incidents_of_a_kind_are_counted_together() -> None:
    notebook = Notebook("camera")
    notebook.note("skipped", "the first", 2)
    notebook.note("skipped", "the second")
    (incident,) = notebook.incidents()
    assert (incident.stream, incident.detail, incident.count) == ("camera", "the first", 3)
