"""Whether the parts of a profile belong together: what reads them takes that for granted."""

from collections.abc import Iterator

import numpy as np

from vedette.types.graph import OF_ANSWERS, OF_OBJECTS
from vedette.types.profile import Profile, StepTrace, Sweep, Trace

Fault = tuple[str, str]
"""What was found, and what was expected."""


def faults(profile: Profile) -> Iterator[Fault]:
    """What no measuring could have written, the first of each trace first."""
    yield from _trace_faults(profile.golden, "golden")
    yield from _trace_faults(profile.verify_golden, "verify_golden")
    if _steps(profile.verify_golden) != _steps(profile.golden):
        yield "other steps in verify_golden than in golden", "the same steps"
    for variant, passes in profile.passes.items():
        if not passes.is_sound:
            yield (
                f"passes of {variant} that are no such thing",
                "rows from 1 up, a share above 0 each",
            )
    is_answering = profile.scores.keys() >= set(OF_ANSWERS)
    metrics = tuple(dict.fromkeys((*(OF_ANSWERS if is_answering else OF_OBJECTS), *profile.scores)))
    for (knob, value), sweep in profile.sweeps.items():
        name = f"the sweep of {knob} = {value}"
        yield from _trace_faults(sweep.trace, name)
        yield from _score_faults(sweep, name, metrics)
        yield from _sweep_faults(sweep, knob, name, profile.golden)
        if sweep.trace.choice != {**profile.golden.choice, knob: value}:
            yield f"another choice in {name}", "golden's, with that knob at that value"


def _score_faults(sweep: Sweep, name: str, metrics: tuple[str, ...]) -> Iterator[Fault]:
    if missing := [metric for metric in metrics if metric not in sweep.scores]:
        yield f"no {missing[0]} in the scores of {name}", f"scores of {', '.join(metrics)}"


def _sweep_faults(sweep: Sweep, knob: str, name: str, golden: Trace) -> Iterator[Fault]:
    trace, owner = sweep.trace, knob.rpartition(".")[0]
    if knob not in golden.choice:
        yield f"{name}, which golden's choice lacks", f"one of {', '.join(golden.choice)}"
    if {_declared(step) for step in trace.steps} != {_declared(step) for step in golden.steps}:
        yield f"other steps in {name} than in golden", "the same steps"
    elif _steps(trace, besides=owner) != _steps(golden, besides=owner):
        yield f"steps in other parts in {name} than in golden", "the same parts"
    if trace.streams != golden.streams or not (
        np.array_equal(trace.stream, golden.stream) and np.array_equal(trace.frame, golden.frame)
    ):
        yield f"other frames in {name} than in golden", "the same frames"


def _trace_faults(trace: Trace, name: str) -> Iterator[Fault]:
    for stream in trace.streams:
        if min(trace.sizes.get(stream, (0, 0))) < 1 or trace.rates.get(stream, 0) <= 0:
            yield f"no size or rate of {stream} in {name}", "both, above 0, of every stream"
    for step, measured in trace.steps.items():
        if any(_is_impossible(measured, field) for field in StepTrace.__dataclass_fields__):
            yield f"a negative or infinite figure of {step} in {name}", "figures from 0"


def _is_impossible(step: StepTrace, field: str) -> bool:
    figures = getattr(step, field)
    return bool((figures < 0).any() or np.isinf(figures).any())


def _declared(step: str) -> str:
    return step.partition(".")[0]


def _steps(trace: Trace, *, besides: str = "") -> set[str]:
    return {step for step in trace.steps if _declared(step) != besides}
