"""Pictures decoded when they are asked for give the same run, resumed or not, and are charged."""

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.media.conftest import write_film
from tests.running.scripted import no_models

from vedette.media.asked import Film
from vedette.media.source import open_source
from vedette.ops.difference import Difference
from vedette.ops.sample import Sample
from vedette.running.executor import MemorySink
from vedette.running.local import LocalExecutor
from vedette.running.virtual import VirtualExecutor
from vedette.types.cluster import Cluster, Device
from vedette.types.graph import EventRule, Source, Step, Stream, Transport, Workflow
from vedette.types.media import Frame
from vedette.types.plan import Deployment

BOX = Cluster("one", (Device("box", "edge", cores=2),), ())


def shade(frame: Frame) -> float:
    """An answer that depends on every pixel."""
    return float(np.mean(frame.picture.luma()))


OPERATORS: dict[str, Callable[..., Any]] = {
    "sample": Sample,
    "difference": Difference,
    "shade": shade,
}
STEPS = (
    Step("thin", "sample", ("street",), {"rate_fps": 5}),
    Step("news", "difference", ("thin",), {"threshold": 0.03, "most_age": 30}),
    Step("shade", "shade", ("news",)),
)


def plan_of(path: Path, decode: Any) -> Deployment:
    stream = Stream("gate", str(path), decode=decode)
    workflow = Workflow(
        "asked",
        (Source("street", (stream,)),),
        STEPS,
        events=EventRule(tracks="shade"),
        transport=Transport(gop_s=0.4),
    )
    placement = dict.fromkeys(("street", "thin", "news", "shade"), "box")
    return Deployment(workflow=workflow, cluster=BOX, choice={}, placement=placement)


def run(plan: Deployment, executor: Any, sink: MemorySink | None = None) -> Any:
    sink = sink or MemorySink()
    with ExitStack() as scope:
        sources = {
            stream.name: scope.enter_context(open_source(stream, threads=1))
            for _, stream in plan.workflow.streams()
        }
        return executor.run(plan, sources, sink), sink


def answers(sink: MemorySink) -> list[tuple[int, Fraction, Any]]:
    return [(bundle.frame, bundle.time_s, bundle.items) for _, bundle in sink.answers]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "film.mp4", frames=70)


@pytest.mark.parametrize("kind", [VirtualExecutor, LocalExecutor])
def test_a_run_gives_the_same_answers_for_every_frame(film: Path, kind: Any) -> None:
    found = [
        answers(run(plan_of(film, decode), kind(OPERATORS, no_models))[1])
        for decode in ("all", "asked")
    ]
    assert found[0] == found[1]
    assert [number for number, _, _ in found[1]] == list(range(70))


def test_a_run_that_goes_on_gives_what_was_left(film: Path) -> None:
    plan = plan_of(film, "asked")
    _, whole = run(plan, VirtualExecutor(OPERATORS, no_models))
    middle = len(whole.commits) // 2
    sink = MemorySink(commits=whole.commits[:middle])
    begins = sink.commits[-1].checkpoint.frame
    run(plan, VirtualExecutor(OPERATORS, no_models), sink)
    assert answers(sink) == [each for each in answers(whole) if each[0] >= begins]
    assert sink.commits[-1].checkpoint == whole.commits[-1].checkpoint


def test_decoding_is_charged_to_the_step_that_looks_first(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock counts packets that are fed to the decoder."""
    fed = [0]
    feed = Film._feed

    def counted(reel: Film) -> bool:
        fed[0] += 1
        return feed(reel)

    monkeypatch.setattr(Film, "_feed", counted)
    executor = VirtualExecutor(OPERATORS, no_models, clock=lambda: float(fed[0]))
    report, _ = run(plan_of(film, "asked"), executor)
    charged = {name: step.cpu_s for name, step in report.steps.items()}
    assert charged == {"thin": 0, "news": fed[0], "shade": 0}
    assert fed[0] > 0
    everything, _ = run(plan_of(film, "all"), executor)
    assert sum(step.cpu_s for step in everything.steps.values()) == 0
