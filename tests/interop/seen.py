"""Boxes to write and to read back."""

import numpy as np
from hypothesis import strategies as st

from vedette.types.annotations import Annotations, Row, annotations


def boxes(rows: list[Row]) -> Annotations:
    """Rows of frame, track, x0, y0, x1, y1, confidence and label; covered from first to last."""
    frames = [row[0] for row in rows]
    return annotations(rows, np.arange(min(frames), max(frames) + 1, dtype=np.int32))


def same(labels: tuple[str, ...]) -> st.SearchStrategy[Annotations]:
    """Any boxes that a file can hold: at least one, a track at most once in a frame."""
    side = st.floats(0.5, 2000, width=32)
    corner = st.floats(-500, 4000, width=32)
    row = st.tuples(
        st.integers(0, 300),
        st.integers(-1, 12),
        corner,
        corner,
        side,
        side,
        st.floats(1 / 1024, 1, width=32),
        st.sampled_from(labels),
    )
    rows = st.lists(
        row,
        min_size=1,
        max_size=30,
        unique_by=lambda each: (each[0], each[1] if each[1] >= 0 else each[2:]),
    )
    return rows.map(
        lambda found: boxes(
            [
                (n, track, x, y, x + w, y + h, sure, label)
                for n, track, x, y, w, h, sure, label in found
            ]
        )
    )
