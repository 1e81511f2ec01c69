import hashlib
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest

from vedette.bench import floor, overhead, pipeline
from vedette.bench.processes import Cost, Ended


def cost(frame_ms: float, *, frames: int = 100, start_s: float = 1.0) -> Cost:
    """A side that takes so much a frame, after a start that must not count."""
    short = Ended({"frames": 10}, start_s + 10 * frame_ms / 1000, 0.8)
    said = {"frames": frames, "peak_mb": 250.0}
    long = Ended(said, start_s + frames * frame_ms / 1000, 0.9)
    return Cost(short, long)


MEASURED = {
    (overhead.FLOOR, 1): [cost(10.0), cost(20.0), cost(10.0)],
    (overhead.PIPELINE, 1): [cost(10.5, start_s=4.0), cost(21.0), cost(12.0)],
    (overhead.FLOOR, 4): [cost(10.0)] * 3,
    (overhead.PIPELINE, 4): [cost(12.0)] * 3,
    (overhead.DECODE, 1): [cost(1.0), cost(2.0), cost(1.0)],
    (overhead.SESSION, 1): [cost(7.0), cost(14.0), cost(7.0)],
}


def test_ratios_are_taken_within_a_repetition_and_starting_is_nobodys_frame() -> None:
    one, four, bare = overhead.claims(MEASURED)
    assert one.value == pytest.approx(1.05)
    assert one.spread == pytest.approx((1.05, 1.2))
    assert one.is_met
    assert four.value == pytest.approx(1.2)
    assert four.is_met is False
    assert bare.value == pytest.approx(1.25)


def test_a_row_says_what_a_side_takes_and_who_was_not_run() -> None:
    rows = overhead.rows(MEASURED)
    of = {(row["what"], row.get("cameras")): row for row in rows}
    assert of[overhead.PIPELINE, 1]["CPU ms a frame"] == pytest.approx(12.0)
    assert of[overhead.PIPELINE, 1]["peak MB"] == 250
    assert of[overhead.PEER, None]["CPU ms a frame"] == "not run"


def test_an_installation_is_a_distribution_and_what_it_needs_without_extras() -> None:
    sizes = overhead.installed("vedette")
    assert {"vedette", "numpy", "onnxruntime", "typer", "pydantic-core"} <= {
        name.replace("_", "-") for name in sizes
    }
    assert "pytest" not in sizes
    assert sizes["numpy"] > 10_000_000


@pytest.mark.model
def test_the_plain_loop_and_the_pipeline_give_equal_answers(
    tmp_path: Path, bikes: Path, yolox_nano: Path
) -> None:
    start = tmp_path / "start.mkv"
    overhead.first_frames(bikes, start, 40)
    seen = pipeline.check(pipeline.deployment([str(start)], passes=2))
    hashed, objects = hashlib.sha256(), 0
    for found in floor.answers(str(yolox_nano), [str(start)], passes=2):
        floor.digest(found, hashed)
        objects += len(found)
    assert objects > 0
    assert seen == {"camera0": hashed.hexdigest()}


def test_a_file_played_twice_goes_on_where_its_first_pass_ended(bikes: Path) -> None:
    times = [time_s for time_s, _ in islice(floor.decoded(str(bikes), passes=2), 252)]
    assert times[1] == Fraction(1, 25)
    assert times[249:252] == [Fraction(249, 25), Fraction(250, 25), Fraction(251, 25)]


def test_peak_memory_is_this_processs_own_in_megabytes() -> None:
    before_mb = floor.peak_mb()
    held = bytearray(int(before_mb + 100) * 1_000_000)
    assert floor.peak_mb() > len(held) / (1 << 20)
