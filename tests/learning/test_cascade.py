"""What a search is given, made of labelled frames."""

import numpy as np

from vedette.learning.cascade import Calls, Material, untrained_parts
from vedette.learning.labelling import Labels, Looking
from vedette.types.cascade import Question

QUESTION = Question({"car": ("car",)}, 0.5, ((0, 0), (40, 0), (40, 30)))


def material(truth: np.ndarray) -> Material:
    count = len(truth)
    grey = np.where(truth, 200, 40).astype(np.uint8)
    labels = Labels(
        frame=np.arange(100, 100 + count),
        thumbnail=np.broadcast_to(grey[:, None, None], (count, 50, 50)).copy(),
        patch=np.zeros((count, 50, 50, 3), np.uint8),
        score=np.stack([truth * 0.9, truth * 0.6], axis=1).astype(np.float32),
        models=("reference", "nano"),
    )
    looking = Looking(decode=1.0, thumbnail=0.1, patch=0.2)
    return Material(labels, QUESTION, (64, 48), 25.0, looking, {"reference": 40.0, "nano": 8.0})


def test_what_needs_no_training_is_scored_in_blocks_that_cut_no_event() -> None:
    truth = np.array(([False] * 20 + [True] * 10) * 8)
    found = untrained_parts(
        material(truth),
        most_age=3,
        timed=lambda _: Calls({"last": 0.3}, {}),
        told=lambda _done, _of: None,
    )
    (table,) = found.tables
    assert table.truth.tolist() == truth.tolist()
    assert table.changes["last"].shape == (240, 3)
    assert table.first[0] == 100
    assert [truth[span.start] and truth[span.start - 1] for span in found.spans[1:]] == [False] * 4
    assert found.costs.reference == 40.0
    assert found.costs.difference["last"] == 0.4
    assert found.costs.models == {"nano": 8.0}
    assert set(found.costs.decode) == {1}
