"""Records as JSON, and their digests."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import RecordError
from vedette.records.codec import digest, from_json, to_json
from vedette.types.cluster import Cluster
from vedette.types.events import Event
from vedette.types.figures import Figures, Score, Share
from vedette.types.plan import Plan

SCORE = Score("event_f1", Share(1, 2, 0.25), Share(1, 1, float("inf")))
EVENT = Event(
    stream="camera 1",
    kind="alert",
    label="car",
    start_frame=3,
    end_frame=9,
    start_s=Fraction(1001, 10000),
    end_s=Fraction(3),
    frame=8,
    time_s=Fraction(8, 3),
    box=(0.5, 1.0, 2.0, 3.0),
    confidence=0.5,
    ordinal=1,
    attributes={"colour": "white", "score": 0.5},
    picture=b"\xff\xd8\xfb\x00??>>",
)
WRONG = {
    "a missing key": ('{"metric": "f"}', "nothing in precision"),
    "an unknown key": (to_json(SCORE)[:-1] + ', "x": 1}', "an unknown key in x"),
    "a wrong type": ('{"hits": "many", "total": 2, "lower": 0}', "'many'"),
    "no JSON": ("{", "no JSON"),
    "no mapping": ("[]", "an empty list"),
    "brackets": ("[" * 100_000, "no JSON"),
}


def test_records_read_back_equal(plan: Plan) -> None:
    assert from_json(Plan, to_json(plan)) == plan
    assert from_json(Score, to_json(SCORE)) == SCORE
    assert from_json(Event, to_json(EVENT)) == EVENT
    assert from_json(Cluster, to_json(plan.cluster)) == plan.cluster
    assert from_json(Figures, to_json(plan.predicted)) == plan.predicted


def test_fractions_and_pictures_are_text_in_json() -> None:
    text = to_json(EVENT)
    assert '"start_s":"1001/10000"' in text
    assert '"picture":"_9j7' in text


@pytest.mark.parametrize(("text", "found"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_something_else_is_refused(text: str, found: str) -> None:
    kind = Share if "hits" in text and "metric" not in text else Score
    with pytest.raises(RecordError) as caught:
        from_json(kind, text, file="score.json")
    assert found in str(caught.value)
    assert all(str(problem.place) == "score.json" for problem in caught.value.problems)
    assert all(problem.hint for problem in caught.value.problems)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(RecordError):
        from_json(Score, text)


def test_a_digest_is_of_the_content_and_of_nothing_else(plan: Plan) -> None:
    first = {"a": 1, "b": (Fraction(1, 3), b"x")}
    assert digest(first) == digest({"b": [Fraction(2, 6), b"x"], "a": 1.0})
    assert digest({"a": True}) != digest({"a": 1})
    assert digest(plan) == digest(replace(plan))
    assert digest(plan) != digest(replace(plan, name="other"))
    assert digest({"a": 1}) == "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
