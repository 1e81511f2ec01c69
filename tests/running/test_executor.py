"""The contract of executors; every test runs on each of them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
from tests.running.scripted import OPERATORS, Number, no_models, plan_of, sources_for

from vedette.errors import MediaError, Problem
from vedette.running.executor import Executor, MemorySink
from vedette.running.local import LocalExecutor
from vedette.types.commit import Commit
from vedette.types.events import Incident
from vedette.types.graph import Span, Step
from vedette.types.media import Bundle, Frame
from vedette.types.plan import Deployment

TELL = [
    Step("keep", "drop_some", ("street",)),
    Step("look", "look", ("keep",)),
    Step("track", "track", ("look",)),
    Step("sum", "accumulate", ("track",)),
    Step("tell", "announce", ("sum",)),
]
TWO_SOURCES = {"street": ("a", "c"), "park": ("b",)}
SHARED = [
    Step("on_street", "look", ("street",)),
    Step("in_park", "look", ("park",)),
    Step("sum", "accumulate", ("on_street", "in_park")),
    Step("tell", "announce", ("sum",)),
]
APART = [
    *(Step(f"in_{name}", "look", (name,)) for name in ("park", "street", "yard", "hall", "pier")),
    Step("sum", "accumulate", ("in_street", "in_park")),
    Step("tell", "announce", ("sum",)),
    Step("other_sum", "accumulate", ("in_hall", "in_pier")),
    Step("tell_others", "announce", ("other_sum",)),
    Step("alone", "announce", ("in_yard",)),
]
"""Two groups of sources that meet, and a source that meets nobody."""
FIVE_SOURCES = {"street": ("a",), "park": ("b",), "yard": ("c",), "hall": ("d",), "pier": ("e",)}


def values(bundle: Bundle) -> list[tuple[int, object]]:
    return [(number, getattr(item, "value", item)) for number, item in bundle.items]


def run(
    executor: Executor, plan: Deployment, count: int = 12
) -> dict[int, list[tuple[int, object]]]:
    """What each frame of stream a led to."""
    sink = MemorySink()
    executor.run(plan, sources_for(plan, count), sink)
    return {bundle.frame: values(bundle) for _, bundle in sink.answers if bundle.stream == "a"}


def test_every_frame_gives_one_bundle_in_order(executor: Executor) -> None:
    sink = MemorySink()
    plan = plan_of(TELL)
    executor.run(plan, sources_for(plan), sink)
    frames = [bundle.frame for _, bundle in sink.answers if bundle.stream == "b"]
    assert frames == list(range(35))


def test_a_dropped_frame_stays_empty_all_the_way(executor: Executor) -> None:
    found = run(executor, plan_of(TELL[:4]), 5)
    assert found == {0: [(0, 0)], 1: [], 2: [(0, 2)], 3: [(0, 5)], 4: []}


def test_a_fan_out_numbers_its_items_and_a_gather_takes_them_all(executor: Executor) -> None:
    steps = [
        Step("look", "look", ("street",)),
        Step("spread", "spread", ("look",)),
        Step("total", "total", ("spread",)),
    ]
    assert run(executor, plan_of(steps), 4) == {
        0: [(0, 0)],
        1: [(0, 10)],
        2: [(0, 41)],
        3: [(0, 93)],
    }


def test_a_gather_is_not_called_for_a_dropped_frame(executor: Executor) -> None:
    steps = [
        Step("keep", "drop_some", ("street",)),
        Step("look", "look", ("keep",)),
        Step("spread", "spread", ("look",)),
        Step("total", "total", ("spread",)),
    ]
    assert run(executor, plan_of(steps), 3) == {0: [(0, 0)], 1: [], 2: [(0, 41)]}


def test_a_join_pairs_a_whole_frame_with_each_item(executor: Executor) -> None:
    steps = [
        Step("look", "look", ("street",)),
        Step("spread", "spread", ("look",)),
        Step("pair", "pair", ("look", "spread")),
    ]
    assert run(executor, plan_of(steps), 3)[2] == [(0, 2020), (1, 2021)]


def test_a_join_of_items_keeps_those_that_both_have(executor: Executor) -> None:
    steps = [
        Step("look", "look", ("street",)),
        Step("spread", "spread", ("look",)),
        Step("marked", "add", ("spread",)),
        Step("even", "add", ("marked",), when={"label": ("even",)}),
        Step("pair", "pair", ("spread", "even")),
    ]
    assert run(executor, plan_of(steps), 4)[3] == [(1, 31033)]


def test_an_optional_input_is_none_where_its_step_made_nothing(executor: Executor) -> None:
    steps = [
        Step("keep", "drop_some", ("street",)),
        Step("kept", "look", ("keep",)),
        Step("look", "look", ("street",)),
        Step("perhaps", "perhaps", ("look", "kept")),
    ]
    found = run(executor, plan_of(steps), 4)
    assert found == {0: [(0, 0)], 1: [(0, -1)], 2: [(0, 2)], 3: [(0, 3)]}


def test_inputs_that_repeat_are_each_there_or_none(executor: Executor) -> None:
    steps = [
        Step("keep", "drop_some", ("street",), {"every": 2}),
        Step("other", "drop_some", ("street",)),
        Step("kept", "look", ("keep",)),
        Step("others", "look", ("other",)),
        Step("odd", "add", ("others",), {"amount": 0}, when={"label": ("even",)}),
        Step("either", "either", ("kept", "others", "odd")),
    ]
    found = run(executor, plan_of(steps), 5)
    assert found == {0: [(0, 9)], 1: [], 2: [(0, 229)], 3: [(0, 939)], 4: [(0, 499)]}


def test_a_step_with_nothing_but_missing_inputs_is_not_called(executor: Executor) -> None:
    steps = [
        Step("keep", "drop_some", ("street",)),
        Step("look", "look", ("keep",)),
        Step("either", "either", ("look", "look")),
    ]
    plan = plan_of(steps)
    report = executor.run(plan, sources_for(plan, 6), MemorySink())
    assert report.steps["either"].calls == 8  # of two streams' six frames


def test_an_optional_input_of_items_is_joined_by_number(executor: Executor) -> None:
    steps = [
        Step("look", "look", ("street",)),
        Step("spread", "spread", ("look",)),
        Step("marked", "add", ("spread",)),
        Step("even", "add", ("marked",), when={"label": ("even",)}),
        Step("perhaps", "perhaps", ("spread", "even")),
    ]
    assert run(executor, plan_of(steps), 4)[3] == [(0, -1), (1, 33), (2, -1)]


def test_a_union_takes_the_items_of_one_frame_input_by_input(executor: Executor) -> None:
    steps = [
        Step("look", "look", ("street",)),
        Step("more", "add", ("look",), {"amount": 10}),
        Step("both", "add", ("more", "look"), {"amount": 0}),
    ]
    assert run(executor, plan_of(steps), 2) == {0: [(0, 10), (1, 0)], 1: [(0, 11), (1, 1)]}


def test_a_union_of_two_sources_goes_by_time_stream_and_frame(executor: Executor) -> None:
    plan, sink = plan_of(SHARED[:3], streams=TWO_SOURCES), MemorySink()
    executor.run(plan, sources_for(plan, 3), sink)
    order = [(bundle.stream, bundle.frame, values(bundle)) for _, bundle in sink.answers]
    assert order == [
        ("a", 0, [(0, 0)]),
        ("b", 0, [(0, 0)]),
        ("c", 0, [(0, 0)]),
        ("a", 1, [(0, 1)]),
        ("b", 1, [(0, 2)]),
        ("c", 1, [(0, 3)]),
        ("a", 2, [(0, 5)]),
        ("b", 2, [(0, 7)]),
        ("c", 2, [(0, 9)]),
    ]


def test_checkpoints_lie_at_whole_intervals_and_at_the_end(executor: Executor) -> None:
    plan, sink = plan_of(TELL, streams={"street": ("a",)}), MemorySink()
    executor.run(plan, sources_for(plan, 25), sink)
    assert [commit.checkpoint.frame for commit in sink.commits] == [10, 20, 25]


@pytest.mark.parametrize(
    ("steps", "streams"),
    [(TELL, {"street": ("a", "b")}), (SHARED, TWO_SOURCES), (APART, FIVE_SOURCES)],
)
def test_a_stopped_run_goes_on_to_an_undisturbed_runs_events(
    executor: Executor, steps: list[Step], streams: dict[str, tuple[str, ...]]
) -> None:
    plan = plan_of(steps, streams=streams)
    whole, sink, stop = MemorySink(), MemorySink(), threading.Event()
    executor.run(plan, sources_for(plan, 60), whole)

    def stop_at_23(stream: str, frame: int) -> None:
        if (stream, frame) == ("b", 23):
            stop.set()

    first = executor.run(plan, sources_for(plan, 60), sink, stop=stop, progress=stop_at_23)
    executor.run(plan, sources_for(plan, 60), sink)
    assert not first.finished
    assert sorted(map(repr, sink.events)) == sorted(map(repr, whole.events))


def test_sources_may_meet_in_twos_and_then_all_together(executor: Executor) -> None:
    steps = [
        *APART[:3],
        Step("left", "accumulate", ("in_park", "in_street")),
        Step("right", "accumulate", ("in_street", "in_yard")),
        Step("all", "add", ("left", "right")),
    ]
    streams = {"park": ("a",), "street": ("b",), "yard": ("c",)}
    plan, sink = plan_of(steps, streams=streams), MemorySink()
    executor.run(plan, sources_for(plan, 2), sink)
    assert {(b.stream, b.frame): values(b) for _, b in sink.answers} == {
        ("a", 0): [(0, 1)],
        ("b", 0): [(0, 1), (1, 1)],
        ("c", 0): [(0, 1)],
        ("a", 1): [(0, 2)],
        ("b", 1): [(0, 3), (1, 2)],
        ("c", 1): [(0, 3)],
    }


def test_only_streams_that_meet_are_committed_together(executor: Executor) -> None:
    plan, sink = plan_of(APART, streams=FIVE_SOURCES), GroupedSink()
    executor.run(plan, sources_for(plan, 30), sink)
    assert set(sink.groups) == {("a", "b", ""), ("c",), ("d", "e", "")}
    assert len(sink.groups) == 9


def test_the_states_of_every_group_are_resumed(executor: Executor) -> None:
    plan, sink = plan_of(APART, streams=FIVE_SOURCES), MemorySink()
    executor.run(plan, sources_for(plan, 30), sink)
    assert set(sink.resume()[""].states) == {"sum", "tell", "other_sum", "tell_others"}


@dataclass
class GroupedSink(MemorySink):
    """Notes which streams were committed together."""

    groups: list[tuple[str, ...]] = field(default_factory=list)

    def commit(self, commits: Sequence[Commit]) -> None:
        self.groups.append(tuple(commit.checkpoint.stream for commit in commits))


def test_a_finished_run_has_nothing_left_to_do(executor: Executor) -> None:
    plan, sink = plan_of(TELL), MemorySink()
    executor.run(plan, sources_for(plan), sink)
    events = len(sink.events)
    assert executor.run(plan, sources_for(plan), sink).events == 0
    assert len(sink.events) == events > 0


def test_a_span_limits_a_stream(executor: Executor) -> None:
    plan, sink = plan_of(TELL[:4]), MemorySink()
    executor.run(plan, sources_for(plan), sink, spans={"a": Span(5, 8), "b": Span(0, 0)})
    assert [bundle.frame for _, bundle in sink.answers] == [5, 6, 7]


def test_an_operators_error_ends_the_run_and_says_where(executor: Executor) -> None:
    steps = [Step("look", "look", ("street",)), Step("count", "fail", ("look",))]
    plan, sink = plan_of(steps, streams={"street": ("a",)}), MemorySink()
    with pytest.raises(ArithmeticError, match="cannot count") as raised:
        executor.run(plan, sources_for(plan), sink)
    assert raised.value.__notes__ == ["in step count, stream a, frame 5"]
    assert [incident.kind for incident in sink.incidents] == ["failed step"]
    assert "count" in sink.incidents[0].detail


class Hoard:
    """Keeps what no record can hold."""

    def __init__(self) -> None:
        self.state: object = None

    def __call__(self, number: Number) -> Number:
        self.state = {number.value}
        return number


def test_a_state_that_cannot_be_saved_ends_the_run_and_says_where(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_operators", {**OPERATORS, "hoard": Hoard})
    steps = [Step("look", "look", ("street",)), Step("keep", "hoard", ("look",))]
    plan, sink = plan_of(steps, streams={"street": ("a",)}), MemorySink()
    with pytest.raises(TypeError, match="may not hold set") as raised:
        executor.run(plan, sources_for(plan), sink)
    assert raised.value.__notes__ == ["in step keep, stream a, frame 10"]
    assert [incident.kind for incident in sink.incidents] == ["failed step"]


def broken(frame: Frame) -> Frame:
    raise MediaError(Problem("a torn picture", "a whole one"))


def test_an_input_error_stays_one_and_says_where(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_operators", {**OPERATORS, "broken": broken})
    plan = plan_of([Step("see", "broken", ("street",))], streams={"street": ("a",)})
    with pytest.raises(MediaError, match=r"a torn picture \(in step see, stream a, frame 0\)"):
        executor.run(plan, sources_for(plan), MemorySink())


def test_the_sink_is_told_what_befell_the_sources(executor: Executor) -> None:
    plan, sink = plan_of(TELL, streams={"street": ("a",)}), MemorySink()
    sources = sources_for(plan, 3, befell=(Incident("damage", "a", "a torn packet", 2),))
    report = executor.run(plan, sources, sink)
    assert sink.incidents == list(report.incidents) == [Incident("damage", "a", "a torn packet", 2)]


def test_every_step_is_counted(executor: Executor) -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    report = executor.run(plan, sources_for(plan, 6), MemorySink())
    assert {
        name: (count.frames, count.calls, count.items) for name, count in report.steps.items()
    } == {
        "keep": (6, 6, 4),
        "look": (6, 4, 4),
        "track": (6, 4, 4),
        "sum": (6, 4, 4),
        "tell": (6, 4, 1),
    }
    assert (report.figures.frames, report.figures.analysed) == (6, 4)


def test_a_file_is_read_no_further_ahead_than_the_queues_hold() -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    sources, ahead = sources_for(plan, 200), []

    def note(_: str, frame: int) -> None:
        ahead.append(sources["a"].read - frame)

    LocalExecutor(OPERATORS, no_models, workers=2).run(plan, sources, MemorySink(), progress=note)
    assert max(ahead) <= 8 + 4 + 3  # the queue, the window, and one in each thread's hands


def test_a_live_stream_drops_the_oldest_and_counts_it() -> None:
    plan = plan_of(
        [Step("look", "look", ("street",)), Step("wait", "gate", ("look",))],
        streams={"street": ("a",)},
        pace="live",
    )
    sources, sink = sources_for(plan, 60, rate=Fraction(1000)), MemorySink()
    gate = gated(lambda: sources["a"].read >= 60)
    report = LocalExecutor({**OPERATORS, "gate": gate}, no_models).run(plan, sources, sink)
    frames = [bundle.frame for _, bundle in sink.answers]
    assert report.figures.dropped == report.incidents[0].count == 60 - len(frames) > 30
    assert frames == sorted(frames)
    assert frames[-1] == 59


def test_a_live_stream_counts_what_a_stop_kept_from_being_committed() -> None:
    plan = plan_of(TELL, streams={"street": ("a",)}, pace="live", gop_s=0.01)
    sources, sink = sources_for(plan, 60, rate=Fraction(1000)), MemorySink()
    stop = threading.Event()

    def stop_at_23(_stream: str, frame: int) -> None:
        if frame >= 23:
            stop.set()

    local = LocalExecutor(OPERATORS, no_models)
    report = local.run(plan, sources, sink, stop=stop, progress=stop_at_23)
    committed = sink.resume()["a"].checkpoint.frame
    assert not report.finished
    counts = {each.kind: each.count for each in report.incidents}
    lost = report.figures.frames - committed - report.figures.dropped
    assert counts["not committed"] > 0
    assert lost <= counts["not committed"] <= report.figures.frames - committed


def gated(is_open: Callable[[], bool]) -> type:
    """An operator that holds the first frame until something is so."""

    class Gate:
        def __init__(self) -> None:
            self.state = None

        def __call__(self, number: int) -> int:
            deadline = threading.Event()
            for _ in range(5000):
                if is_open():
                    break
                deadline.wait(0.001)
            return number

    return Gate


def test_a_paced_file_is_read_no_sooner_than_it_was_captured() -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    executor = LocalExecutor(OPERATORS, no_models, paced=True)
    report = executor.run(plan, sources_for(plan, 40, rate=Fraction(400)), MemorySink())
    assert 0 < report.figures.latency_p50_ms < report.figures.age_p95_ms
    assert report.figures.dropped == 0


def test_threads_may_share_the_items_of_one_frame() -> None:
    steps = [
        Step("look", "look", ("street",)),
        Step("spread", "spread", ("look",)),
        Step("more", "add", ("spread",)),
    ]
    alone = run(LocalExecutor(OPERATORS, no_models), plan_of(steps))
    shared = run(LocalExecutor(OPERATORS, no_models), plan_of(steps, parallel_items=True))
    assert shared == alone


def test_an_interrupt_ends_the_threads_and_keeps_what_was_committed() -> None:
    plan, sink = plan_of(TELL), MemorySink()
    sources = sources_for(plan, 10**6)

    def interrupt(_: str, frame: int) -> None:
        if frame == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LocalExecutor(OPERATORS, no_models).run(plan, sources, sink, progress=interrupt)
    assert {commit.checkpoint.frame for commit in sink.commits} >= {10, 20}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane")]
