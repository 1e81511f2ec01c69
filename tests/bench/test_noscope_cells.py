"""How the noscope track goes through its cells, with learning and clocks that are scripted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from vedette.bench import noscope_cells
from vedette.bench.noscope_cells import Cells, Decode, Stopwatch, fingerprint
from vedette.bench.noscope_questions import Asked
from vedette.bench.noscope_rows import ONE_PASS, REFERENCE, Learned
from vedette.bench.noscope_timing import Timed
from vedette.session.common import Progress, quiet
from vedette.types.cascade import Cascade, DifferenceStage, Promise, Question, ScoreStage

TRUTH = (False, True) * 50
ASKED = Question({"vehicle": ("car",)})
STAGES = (ScoreStage("special", 0.1, 0.9), ScoreStage(ONE_PASS, 0.2, 0.8))


@dataclass
class Scripted:
    """Accepts at 5% and at 2% alike, refuses at 1%; notes what it was asked for."""

    done: list[str] = field(default_factory=list)
    slow_ms: float = 16.0
    frame_step: int = 1

    def learned(self, question: Asked, rate: float, folder: Path, progress: Progress) -> Learned:
        self.done.append(f"learn {question.name} {rate}")
        if rate == 0.01:
            return Learned(None, "not supportable")
        promise = Promise(rate, rate)
        changes = DifferenceStage("last", 1.0, 10)
        return Learned(
            Cascade(
                "gate", ASKED, promise, REFERENCE, (640, 352), changes, STAGES, self.frame_step
            ),
            plain=Cascade("gate", ASKED, promise, REFERENCE, (640, 352), changes),
        )

    @contextmanager
    def stopwatch(self, question: Asked) -> Iterator[Stopwatch]:
        yield self

    def variant(self, model: str) -> Timed:
        self.done.append(model)
        return Timed(self.slow_ms if model == REFERENCE else 8.0, 7.7, 1.0, TRUTH)

    def cascade(self, cascade: Cascade, decode: Decode = "all") -> Timed:
        kind = "difference" if cascade.difference else "no difference"
        self.done.append(f"{kind} and {len(cascade.scores)}, {decode} decoded")
        return Timed(2.0 if decode == "all" else 1.0, 7.7, 0.5, TRUTH)

    def decoding(self) -> Timed:
        self.done.append("decode")
        return Timed(0.5, 7.7)


@pytest.fixture
def road(tmp_path: Path) -> Asked:
    clip = tmp_path / "road.mp4"
    clip.write_bytes(b"a clip")
    return Asked("road near", "road", ASKED, clip)


def cells(tmp_path: Path, hands: Scripted, *, is_quick: bool = False) -> Cells:
    return Cells(tmp_path / "out", hands, quiet, is_quick)


def test_a_question_has_a_row_for_each_rate(tmp_path: Path, road: Asked) -> None:
    hands = Scripted()
    rows = list(cells(tmp_path, hands).rows((road,)))
    assert [(row["rate"], row["status"]) for row in rows] == [
        (0.01, "refused"),
        (0.02, "cascade"),
        (0.05, "cascade"),
    ]
    assert rows[1]["speedup"] == pytest.approx(8)
    assert [each["stage"] for each in rows[1]["alone"]] == ["difference", "special", ONE_PASS]


def test_what_cells_share_is_run_once_and_the_short_runs_five_times(
    tmp_path: Path, road: Asked
) -> None:
    hands = Scripted()
    list(cells(tmp_path, hands).rows((road,)))
    counts = {what: hands.done.count(what) for what in hands.done}
    assert counts[REFERENCE] == counts[ONE_PASS] == counts["decode"] == 5
    assert counts["difference and 2, all decoded"] == 5
    assert counts["difference and 0, all decoded"] == 5  # alone and as the plain search's: one arm
    assert counts["no difference and 1, all decoded"] == 10
    slow = Scripted(slow_ms=60_000.0)
    list(cells(tmp_path / "slow", slow).rows((road,)))
    assert slow.done.count(REFERENCE) == 2


def test_where_frames_are_not_looked_at_decoding_what_is_asked_for_is_tried_and_the_faster_counts(
    tmp_path: Path, road: Asked
) -> None:
    (row, *_) = [
        each
        for each in cells(tmp_path, Scripted(frame_step=5)).rows((road,))
        if each["status"] == "cascade"
    ]
    assert row["decode"] == "asked"
    assert row["speedup"] == pytest.approx(16)
    assert (row["fps"], row["fps_decoding_all"]) == (1000, 500)
    assert "frame step" in [each["stage"] for each in row["alone"]]


def test_what_was_kept_is_not_done_again_unless_the_clip_has_changed(
    tmp_path: Path, road: Asked
) -> None:
    first = list(cells(tmp_path, Scripted()).rows((road,)))
    again = Scripted()
    assert list(cells(tmp_path, again).rows((road,))) == first
    assert again.done == []
    assert road.clip is not None
    road.clip.write_bytes(b"another")
    list(cells(tmp_path, again).rows((road,)))
    assert "learn road near 0.05" in again.done


def test_rows_depend_on_the_question_and_on_what_learns_and_not_on_how_they_are_told(
    road: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(road)
    assert fingerprint(replace(road, question=Question(ASKED.classes, 0.7))) != before
    monkeypatch.setattr(noscope_cells, "code", lambda *_: "other code")
    assert fingerprint(road) != before


def test_a_question_without_a_clip_is_not_run_and_says_so(tmp_path: Path) -> None:
    rows = list(cells(tmp_path, Scripted()).rows((Asked("yard", "yard", ASKED, None),)))
    assert {row["status"] for row in rows} == {"not run"}
    assert {row["reason"] for row in rows} == {"no clip yard"}


def test_a_quick_run_is_one_question_at_five_percent_and_leaves_a_whole_one_nothing(
    tmp_path: Path, road: Asked
) -> None:
    hands = Scripted()
    other = replace(road, name="road far")
    rows = list(cells(tmp_path, hands, is_quick=True).rows((road, other)))
    assert [row["status"] for row in rows].count("not run") == 5
    assert [each for each in hands.done if each.startswith("learn")] == ["learn road near 0.05"]
    list(cells(tmp_path, hands).rows((road,)))
    assert hands.done.count("learn road near 0.05") == 2
