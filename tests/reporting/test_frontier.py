import re
from dataclasses import replace

from tests.reporting import example

from vedette.reporting.frontier import candidates, draw_frontier, legend


def test_every_candidate_is_listed_once() -> None:
    story = example.story()
    doubled = replace(story, weighed=(*story.weighed, *story.weighed))
    assert candidates(doubled) == candidates(story)


def test_the_picture_has_the_floor_the_choice_and_what_was_verified() -> None:
    picture = draw_frontier(example.story())
    assert "floor 0.7" in picture
    assert picture.count('class="ring"') == 1
    assert picture.count('class="diamond"') == len(example.plan().tried)


def test_hovering_over_a_point_shows_its_choice() -> None:
    assert "<title>sample.rate_fps 8, resize.width 480," in draw_frontier(example.story())


def test_dots_that_would_hide_one_another_are_drawn_once() -> None:
    story = example.story()
    story = replace(story, plan=replace(story.plan, runners_up=()))
    same = tuple(example.candidate(2.0, 0.5, {"sample.rate_fps": index}) for index in range(5000))
    picture = draw_frontier(replace(story, weighed=same))
    assert picture.count('class="point weighed"') == 1


def test_one_candidate_alone_can_be_drawn() -> None:
    story = example.story()
    plan = replace(story.plan, tried=(), frontier=(), runners_up=())
    alone = replace(story, plan=plan, weighed=(example.candidate(0.0, 1.0, {}),))
    assert draw_frontier(alone).count("<circle") == 2
    assert "verified" not in legend(alone)


def test_a_candidate_that_never_answers_stays_within_the_picture() -> None:
    story = example.story()
    never = example.candidate(float("inf"), 0.5, {"sample.rate_fps": 1})
    picture = draw_frontier(replace(story, weighed=(never,)))
    assert re.findall(r'(?:cx|cy|d)="[^"]*(?:inf|nan)', picture) == []
