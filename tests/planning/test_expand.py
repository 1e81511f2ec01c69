from vedette.planning.expand import expand, golden
from vedette.types.graph import EventRule, Step, Value, Workflow
from vedette.types.operators import Variant

ZOO = {
    "tiled": Variant("tiled", "nano", 416, expansion="tiles", over="plain"),
    "plain": Variant("plain", "nano", 416),
}


def workflow(**changes: object) -> Workflow:
    detect = Step(
        "detect",
        "detect",
        ("street",),
        settings={"classes": {"vehicle": ["car"]}},
        choices={"model": ("tiled", "plain"), "confidence": (0.3, 0.5)},
        when={"label": ("car",)},
    )
    return Workflow("w", (), (detect, Step("track", "track", ("detect",))))


def test_a_choice_fixes_every_setting_and_leaves_no_knob() -> None:
    detect = expand(workflow(), {"detect.model": "plain"}, ZOO).step("detect")
    assert detect.settings == {
        "classes": {"vehicle": ["car"]},
        "model": "plain",
        "confidence": 0.3,
    }
    assert not detect.choices


def test_a_tiled_variant_becomes_tile_pass_and_merge_under_the_declared_name() -> None:
    expanded = expand(workflow(), golden(workflow()), ZOO)
    tile, look, merge, track = expanded.steps
    assert (tile.operator, tile.inputs, tile.when) == ("tile", ("street",), {"label": ("car",)})
    assert (look.operator, look.inputs, look.settings["model"]) == (
        "detect",
        ("detect.tile",),
        "plain",
    )
    assert (merge.name, merge.operator, merge.inputs) == ("detect", "merge", ("detect.pass",))
    assert {step.declared for step in (tile, look, merge)} == {"detect"}
    assert track.inputs == ("detect",)


def test_a_fixed_setting_that_names_an_expanding_variant_expands_too() -> None:
    fixed = Workflow("w", (), (Step("look", "detect", ("street",), {"model": "tiled"}),))
    assert len(expand(fixed, {}, ZOO).steps) == 3


def test_expanding_twice_changes_nothing() -> None:
    once = expand(workflow(), {}, ZOO)
    assert expand(once, {}, ZOO) == once


def test_a_tiled_question_is_put_to_what_the_tiles_were_merged_into() -> None:
    zone: list[Value] = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]]
    settings: dict[str, Value] = {
        "classes": {"vehicle": ["car"]},
        "zone": zone,
        "confidence": 0.6,
        "model": "tiled",
    }
    gate = Step("gate", "presence", ("street",), settings, when={"label": ("x",)})
    tile, look, merge, ask = expand(Workflow("w", (), (gate,)), {}, ZOO).steps
    assert (tile.operator, tile.inputs, tile.when) == ("tile", ("street",), {"label": ("x",)})
    assert (look.operator, look.inputs) == ("detect", ("gate.tile",))
    assert look.settings == {"classes": {"vehicle": ["car"]}, "confidence": 0.6, "model": "plain"}
    assert (merge.name, merge.operator, merge.inputs) == ("gate.merge", "merge", ("gate.pass",))
    assert (ask.name, ask.operator, ask.inputs) == ("gate", "present", ("gate.merge",))
    assert ask.settings == {"zone": zone, "confidence": 0.6}
    assert {step.declared for step in (tile, look, merge, ask)} == {"gate"}


def test_an_expanded_question_still_is_one() -> None:
    gate = Step("gate", "presence", ("street",), {"classes": {}}, {"model": ("tiled", "plain")})
    asks = Workflow("w", (), (gate,), events=EventRule(tracks="gate"))
    assert [expand(asks, {"gate.model": m}, ZOO).scored() for m in ("tiled", "plain")] == [
        ("answers",),
        ("answers",),
    ]
    assert workflow().scored() == ("event_f1", "frame_f1")
