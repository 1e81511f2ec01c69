"""A profile's parts belong together, or it is refused with all that does not."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vedette.errors import RecordError
from vedette.records.measured import faults
from vedette.records.profile import read_profile, write_profile
from vedette.types.profile import Profile, Sweep, Trace

KNOB = ("resize.half", True)


def swept(profile: Profile, change: Callable[[Sweep], Sweep]) -> Profile:
    return replace(profile, sweeps={**profile.sweeps, KNOB: change(profile.sweeps[KNOB])})


def traced(profile: Profile, change: Callable[[Trace], Trace]) -> Profile:
    return swept(profile, lambda sweep: replace(sweep, trace=change(sweep.trace)))


def negative(trace: Trace) -> Trace:
    step = replace(trace.steps["detect"], cpu_s=np.full(3, -1.0))
    return replace(trace, steps={**trace.steps, "detect": step})


CHANGES: dict[str, Callable[[Profile], Profile]] = {
    "no event_f1 in the scores": lambda p: swept(p, lambda s: replace(s, scores={})),
    "another choice in": lambda p: traced(p, lambda t: replace(t, choice={})),
    "other frames in": lambda p: traced(p, lambda t: replace(t, frame=t.frame + 1)),
    "other steps in the sweep": lambda p: traced(
        p, lambda t: replace(t, steps={"street": t.steps["street"]})
    ),
    "in other parts in": lambda p: traced(
        p, lambda t: replace(t, steps={**t.steps, "detect.pass": t.steps["detect"]})
    ),
    "no size or rate of camera1": lambda p: traced(p, lambda t: replace(t, sizes={})),
    "no size or rate of camera2": lambda p: traced(
        p, lambda t: replace(t, rates={"camera1": Fraction(1), "camera2": Fraction(0)})
    ),
    "a negative or infinite figure of detect": lambda p: traced(p, negative),
    "which golden's choice lacks": lambda p: replace(
        p, golden=replace(p.golden, choice={"detect.model": "nano"})
    ),
    "other steps in verify_golden": lambda p: replace(
        p, verify_golden=replace(p.verify_golden, steps={})
    ),
}


def test_what_was_measured_belongs_together(profile: Profile) -> None:
    assert list(faults(profile)) == []


@pytest.mark.parametrize(("words", "change"), CHANGES.items(), ids=CHANGES)
def test_parts_of_different_measurements_are_refused(
    profile: Profile, tmp_path: Path, words: str, change: Callable[[Profile], Profile]
) -> None:
    write_profile(tmp_path / "profile.json", change(profile))
    with pytest.raises(RecordError) as caught:
        read_profile(tmp_path / "profile.json")
    assert words in str(caught.value)
    assert "profile.json" in str(caught.value)
