"""MOTA, IDF1 and HOTA of tracks, as TrackEval (Luiten and Hoffhues, 2020) counts them.

``pip install trackeval`` where these are wanted; without it nobody says them.
"""

import io
from collections.abc import Mapping
from contextlib import redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from vedette.interop import mot_text
from vedette.types.annotations import Annotations

FIGURES = ("MOTA", "IDF1", "HOTA")


def is_there() -> bool:
    """Whether TrackEval is installed."""
    return find_spec("trackeval") is not None


def mot_figures(
    truth: Annotations, answer: Annotations, frames: int, folder: Path
) -> Mapping[str, float]:
    """The figures of one sequence of persons; files are written below ``folder``."""
    judge = import_module("trackeval")
    _lay_out(folder, truth, answer)
    with redirect_stdout(io.StringIO()):
        dataset = judge.datasets.MotChallenge2DBox(_settings(folder, frames))
        judging = judge.Evaluator(
            {"PRINT_RESULTS": False, "PRINT_CONFIG": False, "TIME_PROGRESS": False}
            | {"OUTPUT_SUMMARY": False, "OUTPUT_DETAILED": False, "PLOT_CURVES": False}
            | {"LOG_ON_ERROR": None, "BREAK_ON_ERROR": True, "OUTPUT_EMPTY_CLASSES": False}
        )
        quiet = {"PRINT_CONFIG": False}
        kinds = [judge.metrics.CLEAR(quiet), judge.metrics.Identity(quiet), judge.metrics.HOTA()]
        found, _ = judging.evaluate([dataset], kinds)
    figures = found["MotChallenge2DBox"]["answer"]["COMBINED_SEQ"]["pedestrian"]
    return {
        "MOTA": float(figures["CLEAR"]["MOTA"]),
        "IDF1": float(figures["Identity"]["IDF1"]),
        "HOTA": float(np.mean(figures["HOTA"]["HOTA"])),
    }


def _lay_out(folder: Path, truth: Annotations, answer: Annotations) -> None:
    for path, seen in (
        (folder / "truth" / "clip" / "gt" / "gt.txt", truth),
        (folder / "answers" / "answer" / "data" / "clip.txt", answer),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mot_text(seen) + "\n", encoding="utf-8")


def _settings(folder: Path, frames: int) -> dict[str, Any]:
    """MOT15 has no classes and no excused boxes; so has what is written here."""
    return {
        "GT_FOLDER": str(folder / "truth"),
        "TRACKERS_FOLDER": str(folder / "answers"),
        "TRACKERS_TO_EVAL": ["answer"],
        "BENCHMARK": "MOT15",
        "SKIP_SPLIT_FOL": True,
        "SEQ_INFO": {"clip": frames},
        "DO_PREPROC": False,
        "PRINT_CONFIG": False,
    }
