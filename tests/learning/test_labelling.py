"""Labels of frames: the same in one run and in two, and made again where they are broken."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests import street as film

from vedette.errors import RecordError
from vedette.learning.asking import asked, labelling
from vedette.learning.labelling import (
    Labelling,
    label,
    labels,
    looking_costs,
    missing,
    stretches,
)
from vedette.models.zoo import variants
from vedette.planning.expand import expand
from vedette.profiling.settings import WORKSHOP
from vedette.types.graph import Source, Span, Step, Stream, Workflow
from vedette.types.plan import Deployment

WHOLE = Span(0, 70)
MODELS = ("yolox-nano-320", "yolox-nano-256")


@pytest.fixture
def job(bikes: Path, yolox_nano: Path, tmp_path: Path) -> Labelling:
    assert yolox_nano.is_file()
    film.film(bikes, tmp_path / "gate.mkv")
    return job_of(tmp_path, ())


def job_of(folder: Path, before: tuple[Step, ...]) -> Labelling:
    """Labelling of a film, in a folder that has it, with steps before the question."""
    step = Step(
        "gate",
        "presence",
        (before[-1].name if before else "street",),
        {"classes": {"person": ["person"]}, "zone": [[40, 40], [300, 40], [300, 200]]},
        {"model": MODELS},
    )
    stream = Stream("gate", str(folder / "gate.mkv"))
    workflow = Workflow("w", (Source("street", (stream,)),), (*before, step))
    asking = asked(workflow, variants())
    flow = expand(labelling(workflow, asking, *MODELS), {}, variants())
    placement = dict.fromkeys(["street", *(each.name for each in flow.steps)], "site")
    plan = Deployment(workflow=flow, cluster=WORKSHOP, choice={}, placement=placement)
    return Labelling(plan, asking.question, MODELS, folder, WHOLE)


@pytest.mark.model
def test_labels_are_the_same_after_a_run_that_was_cut_short(job: Labelling, tmp_path: Path) -> None:
    label(job)
    whole = labels(tmp_path, WHOLE)
    first, second = stretches(WHOLE)
    gone = next(tmp_path.glob(f"*-{second.end:08d}.npz"))
    gone.unlink()
    assert missing(tmp_path, WHOLE) == (second,)
    label(job)
    again = labels(tmp_path, WHOLE)
    assert again.frame.tolist() == list(range(70))
    assert again.models == MODELS
    assert first.end == 50
    np.testing.assert_array_equal(again.score, whole.score)
    np.testing.assert_array_equal(again.thumbnail, whole.thumbnail)
    assert whole.patch.shape == (70, 50, 50, 3)
    assert whole.truth(job.question).tolist() == (whole.score[:, 0] >= 0.5).tolist()


@pytest.mark.model
def test_a_frame_that_is_kept_back_before_the_question_has_the_last_answer(
    job: Labelling, tmp_path: Path
) -> None:
    label(job)
    every = labels(tmp_path, WHOLE).score
    sampled = job_of(tmp_path, (Step("sample", "sample", ("street",), {"rate_fps": 5.0}),))
    folder = tmp_path / "sampled"
    folder.mkdir()
    label(replace(sampled, folder=folder))
    fifths = labels(folder, WHOLE).score
    assert len(np.unique(every)) > 10
    assert fifths.tolist() == np.repeat(every[::5], 5, axis=0).tolist()


@pytest.mark.model
def test_looking_at_a_frame_costs_less_than_a_pass(job: Labelling) -> None:
    found = looking_costs(job)
    assert 0 < found.thumbnail < 7.7
    assert 0 < found.patch < 7.7
    assert found.decode > 0


@pytest.mark.parametrize("content", [b"not arrays", b"", b"PK\x03\x04 and no more"], ids=len)
def test_a_broken_stretch_is_said_and_removed(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "frames-00000000-00000050.npz"
    file.write_bytes(content)
    with pytest.raises(RecordError, match=r"frames-00000000-00000050.npz"):
        labels(tmp_path, Span(0, 50))
    assert missing(tmp_path, Span(0, 50)) == (Span(0, 50),)
