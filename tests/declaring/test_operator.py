"""What a signature declares."""

from typing import Annotated, Any

from vedette.declaring.operator import Model, operator_name, signature
from vedette.types.graph import Knob
from vedette.types.media import Crop, Detections, Frame
from vedette.types.operators import Port


def shrink(frame: Frame, *, width: Annotated[int | str, Knob("source", 480)] = "source") -> Frame:
    """Make it smaller."""
    return frame


def find(frame: Frame, *, model: Model[Any], confidence: float) -> tuple[Crop, ...] | None:
    return None


class KeepOnce:
    def __init__(self, *, rate_fps: float = 1.0) -> None:
        self.state = rate_fps

    def __call__(self, parts: tuple[Detections, ...]) -> Detections | None:
        return None


def test_a_knob_is_a_setting_with_choices() -> None:
    read = signature(shrink)
    assert read.inputs == (Port("Frame"),)
    assert read.settings["width"].choices == ("source", 480)
    assert read.settings["width"].schema == int | str
    assert not read.stateful
    assert read.doc == "Make it smaller."


def test_a_model_is_no_setting_and_an_item_may_fan_out_or_be_dropped() -> None:
    read = signature(find)
    assert read.models == ("model",)
    assert list(read.settings) == ["confidence"]
    assert read.settings["confidence"].required
    assert read.output == Port("Crop", "all", may_drop=True)


def test_a_class_is_stateful_and_takes_its_settings_when_it_is_made() -> None:
    read = signature(KeepOnce)
    assert (read.name, operator_name(KeepOnce)) == ("keep_once", "keep_once")
    assert read.inputs == (Port("Detections", "all"),)
    assert read.stateful
    assert list(read.settings) == ["rate_fps"]
