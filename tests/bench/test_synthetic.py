"""The drawn street."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from vedette.bench.synthetic import Scene, cast, film, labels, light, pictures, truth
from vedette.interop import read_annotations
from vedette.media.source import open_source
from vedette.scoring.promise import runs_of
from vedette.types.cascade import Question
from vedette.types.graph import Stream

SHORT = Scene(seed=3, frames=120, density=60.0)
GATE = Question({"vehicle": ("car",)}, zone=((100, 0), (220, 0), (220, 192), (100, 192)))


def test_equal_seeds_draw_equal_frames_and_others_do_not() -> None:
    one, again = (list(islice(pictures(SHORT), 5)) for _ in range(2))
    other = next(pictures(replace(SHORT, seed=4)))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one[0], other)


def test_a_film_has_all_frames_at_their_rate_and_labels_that_can_be_read(tmp_path: Path) -> None:
    seen = film(SHORT, tmp_path / "street.mp4")
    read = read_annotations(tmp_path / "street.mot.txt", frames=SHORT.frames)
    with open_source(Stream("street", str(tmp_path / "street.mp4"))) as reader:
        frames = list(reader.frames())
    assert len(frames) == SHORT.frames
    assert float(frames[-1].time_s) == (SHORT.frames - 1) / 25
    assert (frames[0].picture.width, frames[0].picture.height) == SHORT.size
    np.testing.assert_allclose(read.box, seen.box, atol=1e-3)
    np.testing.assert_array_equal(truth(read, GATE, 120), truth(seen, GATE, 120))


def test_where_a_label_is_the_picture_differs_from_the_empty_street() -> None:
    still = replace(SHORT, noise=0.0, drift=0.0)
    empty = next(pictures(replace(still, mix={"car": 1}, density=1e-3)))
    seen = labels(still)
    shown = list(pictures(still))
    frame = int(np.median(seen.frame))
    rows = np.flatnonzero(seen.frame == frame)
    changed = (shown[frame] != empty).any(axis=2)
    boxes = [tuple(map(round, box)) for box in seen.box[rows].tolist()]
    assert all(changed[y0:y1, x0:x1].mean() > 0.3 for x0, y0, x1, y1 in boxes)
    for x0, y0, x1, y1 in (tuple(map(round, box)) for box in seen.box[seen.frame == frame]):
        changed[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2] = False
    assert changed[:, 20:-20].sum() == 0


def test_a_question_is_answered_for_its_class_its_zone_and_its_confidence_alone() -> None:
    seen = labels(replace(SHORT, frames=2000))
    asked = truth(seen, GATE, 2000)
    anywhere = truth(seen, replace(GATE, zone=None), 2000)
    nothing = truth(seen, Question({"boat": ("boat",)}), 2000)
    assert 0 < asked.sum() < anywhere.sum()
    assert not nothing.any()
    assert not (asked & ~anywhere).any()


def test_density_is_the_number_that_enter_in_a_minute_and_the_mix_is_kept() -> None:
    actors = cast(Scene(frames=60_000, density=30.0, mix={"car": 3, "person": 1}))
    cars = sum(actor.label == "car" for actor in actors)
    assert abs(len(actors) - 1200) < 120
    assert abs(cars / len(actors) - 0.75) < 0.05


def test_a_long_scene_has_hundreds_of_runs() -> None:
    yes, no = runs_of(truth(labels(Scene(frames=40_000)), GATE, 40_000)).count()
    assert min(yes, no) > 200


def test_light_drifts_slowly_and_switches_at_once() -> None:
    scene = Scene(switches=(10.0, 20.0), switch=0.5, drift=0.1)
    steps = np.diff([light(scene, frame) for frame in range(1000)])
    assert sorted(np.argsort(np.abs(steps))[-2:].tolist()) == [249, 499]
    assert np.sort(np.abs(steps))[-3] < 0.001
