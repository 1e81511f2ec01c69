"""Profiles by content: nothing is measured twice, and what changed is measured again."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.profiling.conftest import Measure, Told

from vedette.errors import InputError
from vedette.profiling.sweep import default_cache, question
from vedette.types.graph import EventRule, Objective, Scalar, Span, Step, Workflow

pytestmark = pytest.mark.model


@pytest.fixture
def warm(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the traces that the street's profile left."""
    monkeypatch.setenv("VEDETTE_CACHE", str(cache))
    return Path(shutil.copytree(default_cache(), tmp_path / "traces"))


def with_rates(workflow: Workflow, *rates: str | float) -> Workflow:
    first, *rest = workflow.steps
    return replace(workflow, steps=(replace(first, choices={"rate_fps": rates}), *rest))


def narrow(workflow: Workflow) -> Workflow:
    """The same with one open knob, so that three settings are measured."""
    steps = tuple(
        replace(step, choices={}, settings={**step.settings, **firsts(step)})
        for step in workflow.steps
    )
    return replace(workflow, steps=steps)


def firsts(step: Step) -> dict[str, Scalar]:
    return {name: values[0] for name, values in step.choices.items()}


def with_clip(workflow: Workflow, clip: Path) -> Workflow:
    return with_stream(workflow, url=str(clip))


def with_stream(workflow: Workflow, **change: Any) -> Workflow:
    (source,) = workflow.sources
    (stream,) = source.streams
    changed = replace(source, streams=(replace(stream, **change),))
    return replace(workflow, sources=(changed,))


def test_a_second_profile_measures_nothing(
    declared: Workflow, warm: Path, measure: Measure
) -> None:
    told: Told = []
    profile = measure(declared, warm, lambda *said: told.append(said))
    assert told == [("measure settings", 5, 5)]
    assert profile.sweeps.keys() == {
        ("sample.rate_fps", 12.5),
        ("detect.model", "yolox-nano-256-wide"),
        ("transport.qp", 26),
    }


def test_a_new_value_of_a_knob_is_all_that_is_measured(
    declared: Workflow, warm: Path, measure: Measure
) -> None:
    told: Told = []
    measure(with_rates(declared, "source", 12.5, 5), warm, lambda *said: told.append(said))
    assert [done for _, done, _ in told] == [5, 6]


@pytest.mark.parametrize(
    "asked",
    [
        {"objective": Objective({"price_per_hour": 1.0})},
        {"events": EventRule(min_duration_s=3.0)},
        {"deliver_to": "cloud", "evidence_to": "cloud", "name": "other"},
    ],
)
def test_what_is_asked_of_it_measures_nothing_anew(
    declared: Workflow, warm: Path, measure: Measure, asked: dict[str, Any]
) -> None:
    told: Told = []
    measure(replace(declared, **asked), warm, lambda *said: told.append(said))
    assert told == [("measure settings", 5, 5)]


def test_a_killed_profile_goes_on_where_it_was(
    declared: Workflow, tmp_path: Path, measure: Measure
) -> None:
    def killed(_what: str, done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(narrow(declared), tmp_path, killed)
    told: Told = []
    measure(narrow(declared), tmp_path, lambda *said: told.append(said))
    assert [done for _, done, _ in told] == [2, 3]


def test_a_moved_clip_is_not_measured_again(
    declared: Workflow, street: Path, warm: Path, tmp_path: Path, measure: Measure
) -> None:
    clip = Path(shutil.copy(street / "gate.mkv", tmp_path / "other.mkv"))
    told: Told = []
    measure(with_clip(declared, clip), warm, lambda *said: told.append(said))
    assert told == [("measure settings", 5, 5)]


def test_a_changed_clip_is_measured_again(
    declared: Workflow, street: Path, warm: Path, tmp_path: Path, measure: Measure
) -> None:
    clip = tmp_path / "gate.mkv"
    clip.write_bytes((street / "gate.mkv").read_bytes() + b"\0")
    told: Told = []
    measure(narrow(with_clip(declared, clip)), warm, lambda *said: told.append(said))
    assert [done for _, done, _ in told] == [0, 1, 2, 3]


def test_a_damaged_trace_is_measured_again(
    declared: Workflow, tmp_path: Path, measure: Measure
) -> None:
    before = measure(narrow(declared), tmp_path, lambda *_: None)
    first, second, _ = sorted(tmp_path.iterdir())
    first.write_bytes(first.read_bytes()[:-50])
    second.write_bytes(b"")
    told: Told = []
    after = measure(narrow(declared), tmp_path, lambda *said: told.append(said))
    assert [done for _, done, _ in told] == [1, 2, 3]
    assert after.digest == before.digest


def test_a_cache_that_cannot_be_written_costs_no_profile(
    declared: Workflow, tmp_path: Path, warm: Path, measure: Measure
) -> None:
    one = min(warm.iterdir())
    cache = tmp_path / "full"
    cache.write_bytes(one.read_bytes())
    assert len(measure(narrow(declared), cache, lambda *_: None).sweeps) == 1


def test_a_question_is_the_same_wherever_its_clip_lies(declared: Workflow, tmp_path: Path) -> None:
    ((_, stream),) = declared.streams()
    same, other = tmp_path / "same.mkv", tmp_path / "other.mkv"
    same.write_bytes(Path(stream.url).read_bytes())
    other.write_bytes(same.read_bytes() + b"more")
    assert question(with_clip(declared, same)) == question(declared)
    assert question(with_clip(declared, other)) != question(declared)
    assert question(with_rates(declared, "source", 5)) != question(declared)


@pytest.mark.parametrize("plan_on", [Span(0, 0), Span(10, 11)])
def test_without_frames_to_plan_on_nothing_is_measured(
    declared: Workflow, tmp_path: Path, measure: Measure, plan_on: Span
) -> None:
    with pytest.raises(InputError, match="no frames to choose with"):
        measure(with_stream(declared, plan_on=plan_on), tmp_path, lambda *_: None)
    assert list(tmp_path.iterdir()) == []
