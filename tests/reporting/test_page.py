import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests.reporting import example

from vedette.errors import RecordError
from vedette.reporting.markup import VOID
from vedette.reporting.page import render, write_report
from vedette.reporting.story import Row, Story, Timeline
from vedette.types.figures import Breakdown, Label
from vedette.types.graph import Source, Stream

HOSTILE = '<script>alert("x")</script>&\'\x1b[2J\u202e\ud800'


class Reader(HTMLParser):
    """Follows a page's tags; ``problems`` names those that do not pair."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problems: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        expected = self.open.pop() if self.open else "nothing"
        if tag != expected:
            self.problems.append(f"{tag} closes {expected}")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def bare() -> Story:
    """Nothing but a plan and what running it showed."""
    full = example.story()
    plan = replace(full.plan, tried=(), frontier=(), runners_up=(), binding=(), scores={})
    ran = replace(full.ran, step_ms={}, step_mbps={}, load={}, label="measured")
    return Story("Alone", "", plan, ran)


def hostile() -> Story:
    full = example.story()
    streams = (Stream(HOSTILE, HOSTILE),)
    workflow = replace(full.plan.workflow, name=HOSTILE, sources=(Source("street", streams),))
    sighting = full.sightings[0]
    event = replace(sighting.event, stream=HOSTILE, label=HOSTILE, attributes={HOSTILE: HOSTILE})
    tried = tuple(replace(each, outcome=HOSTILE) for each in full.plan.tried)
    choice = dict(full.plan.choice) | {HOSTILE: HOSTILE}
    plan = replace(
        full.plan, workflow=workflow, name=HOSTILE, tried=tried, binding=(HOSTILE,), choice=choice
    )
    return replace(
        full,
        title=HOSTILE,
        question=HOSTILE,
        plan=plan,
        rows=tuple(replace(row, name=HOSTILE, note=HOSTILE) for row in full.rows),
        sightings=(replace(sighting, event=event),),
        timings=((HOSTILE, 1.0),),
        notes=(HOSTILE,),
        command=HOSTILE,
        machine=HOSTILE,
    )


@pytest.mark.parametrize("story", [example.story(), bare(), hostile()], ids=["full", "bare", "bad"])
def test_every_tag_is_closed_and_every_id_is_given_once(story: Story) -> None:
    reader = Reader(render(story))
    assert reader.problems == []
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))


def test_the_page_needs_nothing_but_itself() -> None:
    page = render(example.story())
    assert re.findall(r"https?:|@import|url\(", page) == []
    assert re.findall(r'(?:src|href)="(?!data:image/jpeg;base64,)', page) == []
    assert not {"script", "link", "iframe"} & set(Reader(page).tags)


def test_requests_to_other_machines_stand_in_the_four_parts() -> None:
    full = example.story()
    asked = {"cloud-1-street": Breakdown(1.5, 20.25, 3.0, 7.0, count=312)}
    story = replace(full, ran=replace(full.ran, label="measured", requests=asked))
    text = Reader(render(story)).text
    table = text[text.index("Mean milliseconds of an analysed frame, or of a request") :]
    cells = ("client queue", "cloud-1-street", "1.50", "20.2", "3.00", "7.00", "31.8", "312")
    places = [table.index(each) for each in cells]
    assert places == sorted(places)


def test_a_frames_parts_add_up_to_its_latency() -> None:
    ran = example.story().ran
    assert ran.breakdown().total_ms == pytest.approx(sum(ran.step_ms.values()))
    assert ran.breakdown().transmission_ms > ran.step_ms["resize.encode"]


def test_names_from_outside_stay_text() -> None:
    page = render(hostile())
    assert "script" not in Reader(page).tags
    assert not any(bad in page for bad in ("\x1b", "\u202e", "\ud800"))
    assert '<script>alert("x")</script>&' in Reader(page).text


def test_the_answer_comes_first() -> None:
    text = Reader(render(example.story())).text
    order = [
        text.index(part)
        for part in ("Find the white car", "Found 1 of 1, 0.40 s", "\u221299.5", "What it saved")
    ]
    assert order == sorted(order)


def test_every_kind_of_figure_carries_its_label() -> None:
    full = example.story()
    labels: tuple[Label, ...] = ("measured", "simulated", "predicted", "rehearsed")
    rows = [
        replace(row, figures=replace(row.figures, label=word))
        for row, word in zip(full.rows, labels, strict=True)
    ]
    page = render(replace(full, rows=tuple(rows)))
    heads = page[page.index('id="comparison"') : page.index('id="alerts"')]
    assert re.findall(r'class="label (\w+)">', heads) == [
        "measured",
        "simulated",
        "predicted",
        "infeasible",
        "rehearsed",
    ]


def test_every_section_is_there_when_it_has_something_to_say() -> None:
    page = render(example.story())
    assert re.findall(r'<section id="([^"]+)"', page) == [
        "comparison",
        "alerts",
        "notes",
        "plan",
        "flows",
        "requests",
        "frontier",
        "floors",
        "tried",
        "runners-up",
        "prediction",
        "run",
    ]


def test_sections_without_data_vanish() -> None:
    page = render(bare())
    assert re.findall(r'<section id="([^"]+)"', page) == ["plan", "floors", "prediction"]


def test_no_saving_is_claimed_against_a_baseline_that_cannot_run() -> None:
    full = example.story()
    rows = (replace(full.rows[0], feasible=False), *full.rows[1:])
    text = Reader(render(replace(full, rows=rows))).text
    assert "baseline is infeasible, so no saving is claimed" in text
    assert "\u221299.5" not in text


def test_a_false_alert_is_said_in_words() -> None:
    full = example.story()
    wrong = replace(full.sightings[0], is_right=False)
    assert "\u2717 false alert" in Reader(render(replace(full, sightings=(wrong,)))).text


def test_predictions_stand_beside_what_was_run_with_their_error() -> None:
    page = render(example.story())
    text = " ".join(Reader(page[page.index('id="prediction"') :]).text.split())
    assert "Latency p95 ms 122 131 \u22127 %" in text


def test_figures_that_are_not_finite_are_shown() -> None:
    full = example.story()
    never = replace(full.ran, latency_p95_ms=float("inf"), age_max_ms=float("nan"))
    page = render(replace(full, ran=never, rows=(*full.rows[:3], Row("plan", "", never))))
    assert "\u221e" in page
    assert "nan" not in Reader(page).text.split()


def test_the_page_is_light() -> None:
    assert len(render(example.story())) < 250_000


def test_rendering_twice_gives_the_same_page() -> None:
    assert render(example.story()) == render(example.story())


def test_a_report_is_written_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(example.story(), path)
    assert path.read_text("utf-8") == render(example.story())
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be written"):
        write_report(example.story(), tmp_path / "nowhere" / "report.html")


def test_a_question_shows_when_it_was_answered_yes_and_when_wrongly() -> None:
    frame, truth = np.arange(10), np.arange(10) >= 5
    answer, nobody = np.arange(10) >= 6, np.zeros(10, np.int8)
    timeline = Timeline(frame, truth, answer, nobody, (), 25.0, "joint")
    page = render(replace(example.story(), answered=(("gate", timeline),)))
    reader = Reader(page)
    assert not reader.problems
    assert {"Answers over time", "gate", "reference: yes", "joint: yes"} <= set(reader.words)
    assert page.count('class="band-yes"') == 2
    assert page.count('class="band-wrong"') == 1
    assert "over-time" not in Reader(render(example.story())).ids
