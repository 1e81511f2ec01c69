"""What frames take together: measured in pairs, cut where it no longer pays, kept in a profile."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.planning.conftest import build_city

from vedette.errors import InputError, RecordError
from vedette.profiling.measure import workers
from vedette.profiling.passes import measure_passes, models_of, passes_of_model, sizes
from vedette.records.profile import read_profile, write_profile
from vedette.types.graph import Workflow
from vedette.types.media import Frame
from vedette.types.passes import Passes


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0


class Model:
    """Takes a fixed time a pass and as much again a frame, up to 8 frames; then ten times that."""

    backend = None

    def __init__(self, clock: Clock, rows: int = 1) -> None:
        self._clock, self._rows = clock, rows

    def over(self, _: Any, *, rows_at_once: int) -> "Model":
        return Model(self._clock, rows_at_once)

    def detect(self, frames: Sequence[Frame], *, confidence: float) -> None:
        assert 0 < confidence < 1
        for start in range(0, len(frames), self._rows):
            count = len(frames[start : start + self._rows])
            self._clock.now_s += (1 + count) * (10 if count > 8 else 1)


def test_a_share_is_that_of_a_pass_over_its_frames_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("vedette.profiling.passes.time.process_time", lambda: clock.now_s)
    frames = cast("list[Frame]", [object()] * 16)
    found = passes_of_model(Model(clock), frames, sizes(16))
    assert found == Passes((1, 2, 4, 8), (1.0, 0.75, 0.625, 0.5625))


def test_passes_survive_a_profiles_file_and_such_as_cannot_be_are_refused(tmp_path: Path) -> None:
    profile = build_city().profile
    measured = {"plain": Passes((1, 2, 6), (1.0, 0.8, 0.7)), "small": Passes((1,), (1.0,))}
    write_profile(tmp_path / "p.json", replace(profile, passes=measured))
    assert read_profile(tmp_path / "p.json").passes == measured
    text = (tmp_path / "p.json").read_text()
    for wrong in (text.replace("0.8", "-0.8"), text.replace("0.8", "1e9")):
        assert wrong != text
        (tmp_path / "p.json").write_text(wrong)
        with pytest.raises(RecordError, match="passes of plain"):
            read_profile(tmp_path / "p.json")


@pytest.mark.model
def test_every_model_of_a_workflow_is_measured_on_its_own_pictures(declared: Workflow) -> None:
    with workers(1) as pool:
        found = measure_passes(declared, 2, pool)
        assert found.keys() == models_of(declared)
        assert all(each.is_sound and each.most <= 2 for each in found.values())
        with pytest.raises(InputError, match="no file stream"):
            measure_passes(declared, 1_000_000, pool)
