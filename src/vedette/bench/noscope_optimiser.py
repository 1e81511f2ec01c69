"""NoScope's own optimiser against the exact optimum under its cost model, on tables of its formats.

The tables are nobody's to deliver: a folder ``noscope`` beside the clips, with pairs of files
``NAME.noscope.csv.gz`` and ``NAME.yolo.csv.gz``, what the published optimiser printed of them, and
an optimum that was worked out independently of this implementation.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from vedette.bench.claims import Claim, Row
from vedette.interop.noscope import read_scores, read_truth
from vedette.planning.cascade_noscope import Sampled, exact

FOLDER, OPTIMA = "noscope", "exact_optimum_same_cost_model.json"
BUDGETS: Mapping[Literal["half", "full"], float] = {"half": 0.5, "full": 1.0}
"""The share of the target that may be spent: as the original means to, and all that is promised."""


def rows(clips: Path | None) -> Iterator[Row]:
    """A line for each table, target and budget, none where the folder is not there."""
    folder = None if clips is None else clips.parent / FOLDER
    if folder is None or not (folder / OPTIMA).is_file():
        return
    optima = json.loads((folder / OPTIMA).read_text(encoding="utf-8"))
    for scores in sorted(folder.glob("*.noscope.csv.gz")):
        name = scores.name.partition(".")[0]
        sampled = _read(scores, folder / f"{name}.yolo.csv.gz")
        for key, given in optima.items():
            table, _, rate = key.rpartition("_")
            if table == name:
                yield from _of_target(name, sampled, float(rate), given)


def claim(found: list[Row]) -> Claim:
    """The most that a choice costs over the optimum; infinite where one breaks its budget."""
    ratios = [row["over_optimum"] if row["kept"] else float("inf") for row in found]
    name = "thresholds under NoScope's cost model: cost over the exact optimum, the worst"
    reason = f"{len(found)} targets" if found else f"no folder {FOLDER} beside the clips"
    spread = (min(ratios), max(ratios)) if ratios else None
    return Claim(name, 1.0, "<=", max(ratios, default=None), "x", "measured", None, spread, reason)


def _read(scores: Path, truth: Path) -> Sampled:
    difference, model = read_scores(scores)
    return Sampled(read_truth(truth, len(model)), difference, model)


def _of_target(name: str, sampled: Sampled, rate: float, given: Mapping[str, Any]) -> Iterator[Row]:
    for budget, share in BUDGETS.items():
        found, optimum = exact(sampled, rate, rate, budget), float(given[budget]["cost"])
        yield {
            "question": f"table {name}, {budget} budget",
            "clip": "table",
            "rate": rate,
            "status": "solved",
            "cost": found.cost,
            "optimum": optimum,
            "over_optimum": found.cost / optimum,
            "published_cost": given["original_cost"],
            "fn_share": found.fn,
            "fp_share": found.fp,
            "kept": max(found.fn, found.fp) <= rate * share + 1e-12,
        }
