"""Detections to and from supervision."""

from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.errors import InputError
from vedette.interop import from_supervision, to_supervision
from vedette.types.media import Detections, Key

LABELS, GROUPS = ("person", "car", "bus"), ("person", "vehicle")
CLASSES = {"person": ["person"], "vehicle": ["car", "bus"]}


def detections(rows: list[tuple[float, float, float, float, float, int, int]]) -> Detections:
    """Rows of x, y, w, h, confidence, label and track."""
    table = np.array(rows, np.float32).reshape(-1, 7)
    label = table[:, 5].astype(np.int32)
    return Detections(
        key=Key("street", 7),
        time_s=Fraction(7, 25),
        size=(640, 480),
        boxes=np.column_stack([table[:, :2], table[:, :2] + table[:, 2:4]]),
        confidence=table[:, 4].copy(),
        label=label,
        group=np.minimum(label, 1).astype(np.int32),
        track=table[:, 6].astype(np.int32),
        labels=LABELS,
        groups=GROUPS,
    )


def theirs(**given: Any) -> Any:
    """What supervision makes of one box, without supervision."""
    plain: dict[str, Any] = {"confidence": None, "class_id": None, "tracker_id": None, "data": {}}
    return SimpleNamespace(xyxy=np.array([[1.0, 2, 3, 4]]), **plain | given)


rows = st.tuples(
    st.floats(0, 600, width=32),
    st.floats(0, 400, width=32),
    st.floats(1, 300, width=32),
    st.floats(1, 300, width=32),
    st.floats(0, 1, width=32),
    st.integers(0, 2),
    st.integers(-1, 50),
)


@settings(max_examples=60, deadline=None)
@given(given_rows=st.lists(rows, max_size=12))
def test_detections_come_back_as_they_went(given_rows: list[Any]) -> None:
    pytest.importorskip("supervision", reason="supervision is not installed")
    before = detections(given_rows)
    after = from_supervision(to_supervision(before), before, labels=LABELS, classes=CLASSES)
    assert (after.key, after.time_s, after.size) == (before.key, before.time_s, before.size)
    assert (after.labels, after.groups) == (LABELS, GROUPS)
    for name in ("boxes", "confidence", "label", "group", "track"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_names_travel_with_the_boxes() -> None:
    pytest.importorskip("supervision", reason="supervision is not installed")
    before = detections([(0, 0, 9, 9, 0.5, 2, -1), (5, 5, 9, 9, 0.7, 0, 3)])
    after = from_supervision(to_supervision(before), before)
    assert [after.labels[n] for n in after.label] == ["bus", "person"]
    assert [after.groups[n] for n in after.group] == ["vehicle", "person"]


def test_only_what_was_asked_for_is_kept() -> None:
    found = theirs(class_id=np.array([1]))
    at = detections([])
    kept = from_supervision(found, at, labels=LABELS, classes={"vehicle": ["car"]})
    left = from_supervision(found, at, labels=LABELS, classes={"person": ["person"]})
    assert (len(kept), len(left)) == (1, 0)
    assert (kept.confidence.tolist(), kept.track.tolist()) == ([1], [-1])


@pytest.mark.parametrize("given_labels", [(), ("person",)])
def test_boxes_without_names_are_refused(given_labels: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="class"):
        from_supervision(theirs(class_id=np.array([1])), detections([]), labels=given_labels)
