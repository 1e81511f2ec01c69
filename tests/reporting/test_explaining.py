from dataclasses import replace

import pytest
from tests.reporting import example

from vedette.planning.explain import Constraint, Explanation, ShadowPrice
from vedette.planning.rivals import Point, RunnerUp
from vedette.planning.scenario import WhatIf
from vedette.reporting.explaining import explanation_text, why_text
from vedette.reporting.supposing import what_if_text
from vedette.reporting.why import render_explanation

PLAN = example.plan()
GOLDEN, CHOSEN = (Point(each, {"frame_f1": each.accuracy}) for each in (
    example.candidate(5.9, 1.0, example.GOLDEN), example.candidate(1.33, 0.81, {})))  # fmt: skip


def rival(**changes: object) -> RunnerUp:
    cheaper = example.candidate(1.02, 0.75, {"detect.model": "yolox-nano-320-wide"})
    told = RunnerUp(
        cheaper,
        {"frame_f1": 0.75},
        ("detect.model",),
        "failed when run",
        -0.31,
        {"wan_mbps": -0.01, "latency_p95_ms": -0.3},
        "the lower bound of frame_f1 is 0.68, less than 0.7",
    )
    return replace(told, **changes)  # type: ignore[arg-type]


def told() -> Explanation:
    dearer = rival(candidate=PLAN.runners_up[0], why="dearer", more=0.57, reason="")
    return Explanation(
        verdict="held",
        proof=PLAN.proof,
        chosen=CHOSEN,
        cheapest=CHOSEN,
        baseline=GOLDEN,
        binding=(Constraint("floor", "frame_f1", 0.68, 0.7, keeps_out=True),),
        at_their_end=("transport.qp",),
        shadow_prices=(
            ShadowPrice("edge->cloud", "Mbit/s", -0.2, CHOSEN.candidate, ("detect on cloud",)),
            ShadowPrice("edge", "core", 0.0),
        ),
        runners_up=(rival(), dearer),
        frontier=tuple(Point(each, {"frame_f1": each.accuracy}) for each in PLAN.frontier),
    )


def test_the_text_has_what_binds_prices_rivals_and_the_frontier() -> None:
    text = explanation_text(PLAN, told())
    assert "floor of frame_f1 >= 0.7 (the nearest cheaper plan has 0.68)" in text
    assert "edge \u2192 cloud, a Mbit/s  \u22120.2 (\u221215\u202f%) then detect on cloud" in text
    assert "failed when run: the lower bound of frame_f1 is 0.68, less than 0.7" in " ".join(
        text.split()
    )
    assert "0.570 dearer" in text
    assert "the plan\n" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_a_cheaper_forecast_than_the_plan_is_owned_up_to() -> None:
    cheap = Point(example.candidate(0.1, 0.9, {"resize.width": 320}), {"frame_f1": 0.9})
    text = explanation_text(PLAN, replace(told(), cheapest=cheap))
    assert "0.100 is the least forecast to qualify: resize.width 320" in text
    assert "13.3 times that" in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"why": "dearer", "more": 0.2, "reason": "held when run: x"}, "held when run, but 0.200"),
        ({"why": "never run", "reason": "none is"}, "0.310 cheaper"),
        ({"why": "infeasible", "reason": "load of edge 0.93, more than 0.8"}, "load of edge 0.93"),
        ({"why": "below the floor", "reason": "frame_f1 0.6"}, "below the floor: frame_f1 0.6"),
    ],
)
def test_each_reason_to_lose_is_a_sentence(changes: dict[str, object], said: str) -> None:
    assert said in why_text(rival(**changes))


def test_the_page_marks_the_plan_the_baseline_and_who_lost_without_a_script() -> None:
    page = render_explanation(PLAN, told())
    assert page.count('class="ring"') == 2  # in the picture and in its legend
    assert page.count('class="point named"') == 3
    assert ">baseline</text>" in page
    assert "<script" not in page


def test_scenarios_are_rows_with_their_change_and_what_they_miss() -> None:
    found = CHOSEN.candidate
    stands = WhatIf("as it stands", found, {"frame_f1": 0.81}, 0.0, ())
    more = WhatIf("floor.frame_f1=.9", GOLDEN.candidate, {"frame_f1": 1.0}, 4.57, ("resize",))
    never = WhatIf("device.edge.cores=1", None, {}, None, ())
    text = what_if_text(PLAN.workflow, [stands, more, never])
    assert "predicted, not checked by running" in text
    assert "+4.6" in text
    assert "infeasible" in text
