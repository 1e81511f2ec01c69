from dataclasses import replace
from io import StringIO

from rich.console import Console
from tests.reporting import example

from vedette.reporting.story import Story
from vedette.reporting.terminal import plan_text, table


def shown(story: Story) -> str:
    console = Console(file=StringIO(), width=100, color_system=None)
    console.print(table(story.rows))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_table_fits_a_hundred_columns() -> None:
    assert max(len(line) for line in shown(example.story()).splitlines()) <= 100


def test_each_plan_has_its_label_and_what_is_infeasible_says_so() -> None:
    head = shown(example.story()).split("Target found")[0]
    assert head.count("rehearsed") == 3
    assert head.count("predicted") == head.count("infeasible") == 1


def test_figures_stand_with_their_saving() -> None:
    text = " ".join(shown(example.story()).split())
    assert "WAN bandwidth Mbit/s 3.87 1.20 \u221269 % 0.020 0.021 \u221299.5 %" in text
    assert "P 332/400" in text


def test_names_are_shown_as_they_are_but_cannot_steer_the_terminal() -> None:
    full = example.story()
    bad = replace(full, rows=(full.rows[0], replace(full.rows[3], name="[red]\x1b[2J")))
    assert "[red]\ufffd[2J" in shown(bad)


def test_a_plan_says_where_each_step_runs_what_it_costs_and_what_binds() -> None:
    text = plan_text(example.plan())
    assert "camera \u00d7 5  street \u2192 sample \u2192 resize \u2192 encode" in text
    assert "Cost (predicted)" in text
    assert "Frame F1 at least 0.7  held" in text
    assert "the next cheaper choice reaches 0.66" in text


def test_a_plan_fits_a_hundred_columns() -> None:
    plan = replace(example.tiled_plan(), binding=("a very long reason " * 12,))
    assert max(len(line) for line in plan_text(plan).splitlines()) <= 100
