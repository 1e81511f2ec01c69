"""Whatever the graph: threads, virtual time and workers give the same answers and commits."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.running.hosted import HostedExecutor
from tests.running.scripted import OPERATORS, no_models, plan_of, sources_for

from vedette.running.executor import Executor, MemorySink
from vedette.running.local import LocalExecutor
from vedette.running.virtual import VirtualExecutor
from vedette.types.graph import Step
from vedette.types.plan import Deployment

STREAMS = {"street": ("a", "b"), "park": ("c",), "yard": ("d",)}
KINDS = (
    "add",
    "even",
    "accumulate",
    "spread",
    "pair",
    "union",
    "announce",
    "total",
    "either",
    "perhaps",
)


@st.composite
def plans(draw: st.DrawFn) -> Deployment:
    """A few steps, each reading what an earlier one made."""
    steps = [
        Step("keep", "drop_some", ("street",)),
        Step("street.look", "look", ("keep",)),
        Step("park.look", "look", ("park",)),
        Step("yard.look", "look", ("yard",)),
    ]
    readable = ["street.look", "park.look", "yard.look"]
    for number in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(KINDS))
        names = st.lists(st.sampled_from(readable), min_size=2, max_size=2, unique=True)
        first, second = draw(names)
        name = f"{kind}{number}"
        steps.append(
            {
                "even": Step(name, "add", (first,), when={"label": ("even",)}),
                "pair": Step(name, "pair", (first, second)),
                "either": Step(name, "either", (first, second)),
                "perhaps": Step(name, "perhaps", (first, second)),
                "union": Step(name, "accumulate", (first, second)),
            }.get(kind, Step(name, kind, (first,)))
        )
        readable += [] if kind in {"announce", "total"} else [name]
    return plan_of(steps, streams=STREAMS, gop_s=0.5)


def outcome(
    executor: Executor, plan: Deployment
) -> tuple[list[str], dict[tuple[str, Fraction], str]]:
    sink = MemorySink()
    executor.run(plan, sources_for(plan, 13), sink)
    answers = sorted(
        f"{bundle.stream} {bundle.frame:3} {step} {bundle}" for step, bundle in sink.answers
    )
    commits = {(c.checkpoint.stream, c.checkpoint.time_s): repr(c) for c in sink.commits}
    return answers, commits


@settings(max_examples=40, deadline=None, derandomize=True)
@given(plans())
def test_all_executors_agree_on_any_graph(plan: Deployment) -> None:
    threads = outcome(LocalExecutor(OPERATORS, no_models, workers=3), plan)
    virtual = outcome(VirtualExecutor(OPERATORS, no_models), plan)
    assert threads == virtual
    assert threads == outcome(HostedExecutor(), plan)
