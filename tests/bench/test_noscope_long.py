"""Drawn streets for the mode with a stated probability; nobody trains here."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vedette.bench import noscope_long
from vedette.bench.noscope_long import GATE, SCENE, claim, drawn, streets
from vedette.bench.synthetic import labels, truth
from vedette.session.common import quiet


def test_a_drawn_street_has_its_exact_labels_as_reference_and_pictures_to_learn_from() -> None:
    scene = replace(SCENE, frames=60, density=200.0)
    street = drawn(scene)
    np.testing.assert_array_equal(
        street.labels.truth(GATE), truth(labels(scene), GATE, scene.frames)
    )
    assert street.labels.thumbnail.shape == (60, 50, 50)
    assert street.labels.patch.shape == (60, 50, 50, 3)
    after = street.part(street.half, 60)
    assert (len(after), int(after.frame[0])) == (30, 30)


def test_each_street_is_learned_once_whoever_stopped_the_track(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds: list[int] = []

    def scripted(_long: object, seed: int, _progress: object) -> list[dict[str, Any]]:
        seeds.append(seed)
        return [{"question": f"seed {seed}", "status": "cascade", "kept": seed != 2}]

    monkeypatch.setattr(noscope_long, "rows", scripted)
    found = list(streets(tmp_path, quiet))
    assert list(streets(tmp_path, quiet)) == found
    assert seeds == [1, 2, 3]
    assert claim(found).value == pytest.approx(2 / 3)
    assert claim(found).is_met is False


def test_a_promise_that_was_refused_is_neither_kept_nor_broken() -> None:
    refused = {"status": "refused"}
    assert claim([refused]).value is None
    assert claim([refused, {"status": "cascade", "kept": True}]).is_met
    assert claim([refused, refused]).reason == "0 promises made, of 2 asked for"
