from dataclasses import replace

from tests.reporting import example

from vedette.reporting.graph import draw_plan, link_load, link_mbps, sent_mbps
from vedette.types.cluster import Link


def test_every_step_is_drawn_with_its_settings_and_time() -> None:
    plan = example.plan()
    drawing = draw_plan(plan, example.figures("rehearsed"))
    assert all(f"<title>{step.name} on " in drawing for step in plan.workflow.steps)
    assert "model yolox-nano-416-wide" in drawing
    assert "38.5 ms" in drawing


def test_a_load_above_the_limit_is_said_in_words() -> None:
    figures = replace(example.figures("rehearsed"), load={"edge": 1.12})
    assert "112\u202f% load, too much" in draw_plan(example.plan(), figures)


def test_a_link_shows_the_load_of_its_busier_way() -> None:
    figures = replace(example.figures("rehearsed"), load={"edge->cloud": 0.1, "cloud->edge": 0.3})
    assert link_load(figures, example.CLUSTER.links[1]) == 0.3
    assert link_load(figures, example.CLUSTER.links[0]) is None


def test_the_only_link_of_its_kind_carries_the_run_s_figure() -> None:
    figures = example.figures("rehearsed")
    camera, wan = (link_mbps(example.plan(), figures, link) for link in example.CLUSTER.links)
    assert (camera, wan) == (figures.camera_mbps, figures.wan_mbps)


def test_other_links_carry_what_their_steps_send() -> None:
    direct = Link("camera", "cloud", 5, 5, 60)
    cluster = replace(example.CLUSTER, links=(*example.CLUSTER.links, direct))
    plan = replace(example.tiled_plan(), cluster=cluster)
    figures = replace(example.figures("rehearsed"), step_mbps={"sample": 3.1})
    assert link_mbps(plan, figures, direct) == 3.1


def test_bits_are_found_under_the_declared_step_only_if_one_step_packs_for_it() -> None:
    figures = replace(example.figures("rehearsed"), step_mbps={"resize": 2.0, "alert": 0.1})
    assert sent_mbps(example.plan(), figures, "resize.encode") == 2.0
    assert sent_mbps(example.plan(), figures, "sample") is None


def test_what_is_sent_to_two_machines_is_labelled_once() -> None:
    figures = replace(example.figures("rehearsed"), step_mbps={"sample": 3.1})
    assert draw_plan(example.tiled_plan(), figures).count(">3.10 Mbit/s<") == 1
