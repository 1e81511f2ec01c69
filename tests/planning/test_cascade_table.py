from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from vedette.errors import InfeasibleError, InputError
from vedette.planning.cascade_table import EXAMPLE, CascadeTable
from vedette.planning.tables import example, solve
from vedette.types.cascade import Promise


def test_the_example_can_be_checked_by_hand() -> None:
    # 5 of 10 frames differ from the background or are the first, and "special" tells all of them:
    # decoding 2.0, looking 0.1, and half of 0.2
    table = TypeAdapter(CascadeTable).validate_python(example("cascade"))
    answer = solve("cascade", table)
    assert answer["objective"] == answer["bound"] == pytest.approx(2.2)
    assert answer["cascade"]["difference"]["method"] == "background"
    assert [each["model"] for each in answer["cascade"]["scores"]] == ["special"]
    assert (answer["missed"], answer["made_up"], answer["asked"]) == (0, 0, 0)


def test_a_looser_promise_never_costs_more() -> None:
    loose = replace(EXAMPLE, promise=Promise(fnr=0.25, fpr=0.2))
    strict = solve("cascade", EXAMPLE)["objective"]
    assert solve("cascade", loose)["objective"] <= strict


def test_a_promise_that_skipping_breaks_names_its_nearest_miss() -> None:
    with pytest.raises(InfeasibleError, match="the nearest misses") as told:
        solve("cascade", replace(EXAMPLE, frame_steps=(3,)))
    assert "frame_steps with 1" in str(told.value)


@pytest.mark.parametrize("width", [0, 3])
def test_changes_that_do_not_reach_back_to_the_last_look_reuse_nothing(width: int) -> None:
    narrow = ((0.0,) * width,) * len(EXAMPLE.truth)
    wide = solve("cascade", replace(EXAMPLE, changes={"last": narrow}, frame_steps=(1, 5)))
    assert wide["cascade"]["difference"] is None


SHORT = {**EXAMPLE.scores, "special": (0.1,)}
NAN = {**EXAMPLE.scores, "special": (float("nan"), *EXAMPLE.scores["special"][1:])}
HIGH = {**EXAMPLE.scores, "special": (3.0, *EXAMPLE.scores["special"][1:])}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (replace(EXAMPLE, scores=NAN), "NaN in scores of special at frame 0"),
        (replace(EXAMPLE, scores=HIGH), "a score of 3 by special at frame 0"),
        (replace(EXAMPLE, scores=SHORT), "1 scores of special"),
        (replace(EXAMPLE, model_ms={"special": 1.0}), "no cost of the model yolox-nano-416"),
        (replace(EXAMPLE, reference_ms=-1.0), "a cost that is negative"),
        (replace(EXAMPLE, truth=()), "0 frames"),
        (replace(EXAMPLE, truth=(True,) * 10), "all of them yes"),
        (replace(EXAMPLE, promise=Promise(-0.1, 0.0)), "fnr = -0.1"),
        (replace(EXAMPLE, promise=Promise(0.0, float("nan"))), "fpr = nan"),
        (replace(EXAMPLE, block=(0,)), "1 blocks"),
        (replace(EXAMPLE, frame_steps=()), "no frame step"),
        (replace(EXAMPLE, most_ages=(0,)), "an age below 1"),
        (replace(EXAMPLE, thresholds=0), "0 thresholds"),
        (replace(EXAMPLE, audit=2.0), "an audit of 2"),
        (replace(EXAMPLE, changes={"last": (1.0, (1.0, 2.0))}), "2 widths"),
        (replace(EXAMPLE, changes={"background": ((1.0,),) * 10}), "lists as changes"),
    ],
)
def test_a_table_that_makes_no_sense_is_told(wrong: CascadeTable, told: str) -> None:
    with pytest.raises(InputError, match=told):
        solve("cascade", wrong)
