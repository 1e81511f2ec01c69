"""The page of a learned cascade, read by a parser and in words."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from vedette.reporting.cascade import asked_text, render, verdict
from vedette.reporting.cascade_story import (
    Curve,
    ErrorRow,
    Point,
    Scene,
    StageRow,
    Story,
    Weighed,
)
from vedette.reporting.cascade_text import learned_text, to_declare
from vedette.reporting.story import Timeline
from vedette.scoring import share
from vedette.types.cascade import (
    Cascade,
    DifferenceStage,
    Evidence,
    Promise,
    Question,
    ScoreStage,
)
from vedette.types.graph import Step

QUESTION = Question({"vehicle": ("car", "bus")}, zone=((0, 0), (9, 0), (9, 9)))
CASCADE = Cascade(
    "gate-1pct",
    QUESTION,
    Promise(0.01, 0.01),
    "tiled",
    (640, 360),
    DifferenceStage("last", 0.02, 30),
    (ScoreStage("special", 0.1, 0.9), ScoreStage("nano", 0.3, 0.7)),
    frame_step=3,
    evidence=Evidence(share(2, 500), share(1, 400), (12, 13), 0.8, 41.2, reasons=("cheapest",)),
)
TRUTH = np.array([False] * 30 + [True] * 20 + [False] * 10)
STORY = Story(
    title="gate-1pct",
    question=QUESTION,
    cascade=CASCADE,
    reference="tiled",
    reference_ms=41.2,
    weighed=Weighed(np.array([0.5, 9.0]), np.array([0.2, 0.0]), np.array([0.0, 0.01])),
    points=(Point("reference", 41.2, 0, 0), Point("chosen", 0.8, 0.004, 0.0025, is_chosen=True)),
    stages=(StageRow("special", "no below 0.1", 0.3, 0.2, 0.1),),
    errors=(ErrorRow("all", "yes frames answered no", 0, 20, (0.0, 0.14), 0, 1, (0.0, 0.95)),),
    timeline=Timeline(
        np.arange(60), TRUTH, np.roll(TRUTH, 2), np.zeros(60, np.int8), ("special",), 25.0
    ),
    curves=(Curve("special", (0.7, 0.4, 0.3), (0.6, 0.5, 0.55), 1),),
    mistakes=(Scene(b"", (30, 31), 1.2, "the reference says yes, the cascade no"),),
    promise=(0.01, 0.01),
)


def test_the_page_is_balanced_and_asks_nobody_for_anything() -> None:
    page = render(STORY)
    body = page.partition("<body>")[2].partition("</body>")[0]
    ET.fromstring(f"<body>{body}</body>".replace("<br>", "<br/>"))  # our own page
    assert "<script" not in page
    assert "http" not in page


def test_mistakes_are_against_the_reference_and_never_of_the_world() -> None:
    page = render(STORY)
    assert "against the reference" in page
    assert "wrong about" not in page
    assert "Often it is the reference" in render(replace(STORY, disagreements=STORY.mistakes))


def test_the_verdict_states_cost_promise_and_counts() -> None:
    said = verdict(STORY)
    assert "51.5 times less" in said
    assert "2 of 500 yes frames were answered no" in said
    assert "12 runs of yes and 13 of no" in said


def test_a_refusal_leaves_the_reference_to_answer_and_says_why() -> None:
    said = verdict(replace(STORY, cascade=None, refusal="too few runs."))
    assert "too few runs." in said
    assert "tiled alone answers" in said


@pytest.mark.parametrize("step", [True, False])
def test_the_lines_to_add_name_the_folder_and_the_choice(*, step: bool) -> None:
    gate = Step("gate", "presence", ("street",), {}, {"model": ("tiled", "nano")})
    lines = to_declare(CASCADE, gate, "learned/gate-1pct", is_declared=step)
    assert "cascades: {gate-1pct: learned/gate-1pct}" in lines
    assert "model: {choose: [tiled, nano, gate-1pct]}" in lines
    assert ("classes: {vehicle: [car, bus]}" in lines) is not step


def test_the_terminal_names_the_stages_in_order() -> None:
    first = learned_text(CASCADE).splitlines()[0]
    assert first == "gate-1pct: every 3rd frame, difference (last), special, nano and tiled"


def test_a_question_is_said_in_words() -> None:
    assert asked_text(replace(QUESTION, zone=None)).startswith(
        "Is there a car or bus anywhere in the picture"
    )
