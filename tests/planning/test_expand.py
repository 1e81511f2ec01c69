from vedette.planning.expand import expand, golden
from vedette.types.graph import Step, Workflow
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
