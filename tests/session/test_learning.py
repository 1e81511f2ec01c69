"""Learning a cascade: what is refused before anybody waits for it."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.learning.test_cascade import material

import vedette as vd
from vedette.errors import InfeasibleError, InputError, Problem
from vedette.image import ArrayPicture
from vedette.learning.asking import asked
from vedette.learning.splits import Splits
from vedette.learning.training import CrossFitted
from vedette.media.render import render
from vedette.models.zoo import variants
from vedette.session.learning import study, trained
from vedette.types.graph import EventRule, Workflow


@pytest.fixture
def flow(tmp_path: Path) -> Workflow:
    picture = ArrayPicture(np.full((48, 64, 3), 90, np.uint8))
    render([picture] * 4, tmp_path / "road.mkv", rate=Fraction(25))
    builder = vd.workflow("gate")
    street = builder.source("street", road=str(tmp_path / "road.mkv"))
    zone = [[10, 10], [60, 10], [60, 40]]
    gate = builder.step(
        "gate",
        "presence",
        street,
        classes={"vehicle": ["car"]},
        zone=zone,
        model=vd.choose("yolox-nano-416", "yolox-nano-320"),
    )
    builder.step("passages", "episodes", gate, street)
    return builder.build(events=EventRule(tracks="gate"))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ({"fnr": 0.9}, "fnr of 0.9"),
        ({"fpr": -0.1}, "fpr of -0.1"),
        ({"probability": 1.0}, "a probability of 1"),
        ({"target": "person"}, "person"),
        ({"region": "door"}, "the region 'door'"),
        ({"architectures": ["huge"]}, "the architecture huge"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_with_nothing_done(
    flow: Workflow, tmp_path: Path, words: dict[str, Any], part: str
) -> None:
    with pytest.raises(InputError) as refused:
        vd.learn(flow, output=tmp_path / "gate", **words)
    assert part in str(refused.value)
    assert not list(tmp_path.glob("gate/*"))


def test_a_clip_of_a_moment_is_too_short_to_learn_from(flow: Workflow, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="2 frames to learn from in the stream road"):
        study(flow, asked(flow, variants()), tmp_path, architectures=())


@pytest.mark.parametrize("yes", [20, 200], ids=["short events", "hardly a no"])
def test_a_network_that_cannot_be_trained_leaves_the_rest_to_be_searched(
    flow: Workflow, yes: int
) -> None:
    def fails(splits: Splits) -> dict[str, CrossFitted]:
        assert splits.folds
        raise InfeasibleError(Problem("71 yes and 9 no", "more of each"))

    truth = np.array(([False] * 40 + [True] * yes) * 8)
    asking = asked(flow, variants())
    splits, fitted, caveat = trained(material(truth), asking, fails)
    assert (splits, fitted) == (None, {})
    assert caveat == "no network of its own was trained: 71 yes and 9 no"


def test_a_recording_of_few_events_promises_nothing(flow: Workflow) -> None:
    truth = np.array([False] * 200 + [True] * 100)
    with pytest.raises(InfeasibleError, match="runs of yes"):
        trained(material(truth), asked(flow, variants()), lambda splits: {})
