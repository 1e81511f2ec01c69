"""Scored frames as a table: which cascade keeps a promise at the least cost, exactly."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from vedette.errors import InfeasibleError, Problem
from vedette.planning.answer import answer, known, require
from vedette.planning.cascade import Found, search
from vedette.planning.cascade_noscope import Sampled, Thresholds, original, searched
from vedette.planning.cascade_scored import Costs, Scored, Space, budget, yes_and_no
from vedette.types.cascade import Promise
from vedette.types.plan import Proof

Method = Literal["last", "background", "blocks"]
MOST_PAIRS = 40
"""Candidates for either threshold of a model that another follows, unless the table says more."""


@dataclass(frozen=True, slots=True)
class CascadeTable:
    """Frames in order, a value a frame in every column; and what each stage costs.

    ``truth`` are the reference's answers. ``scores`` are by model, 0 to 1; names alike up to a
    colon are one stage's alternatives. ``changes`` are what a difference detector says, by method:
    a number a frame (what it differs from a background by, say), or a list a frame with the change
    since the frame before it, since the one before that, and so on. ``block`` numbers stretches
    across which no answer is reused. Costs are milliseconds a frame; ``decode_ms`` is of every
    source frame, ``look_ms`` of every one looked at.
    """

    truth: tuple[bool, ...]
    scores: dict[str, tuple[float, ...]]
    model_ms: dict[str, float]
    reference_ms: float
    promise: Promise
    changes: dict[Method, tuple[float | tuple[float, ...], ...]] = field(default_factory=dict)
    block: tuple[int, ...] = ()
    decode_ms: float = 0.0
    look_ms: float = 0.0
    frame_steps: tuple[int, ...] = (1,)
    most_ages: tuple[int, ...] = (10, 30, 100, 300)
    thresholds: int = 512
    audit: float = 0.0


def solve_cascade(table: CascadeTable, method: str | None) -> dict[str, Any]:
    known("method", method or "exact", {"exact": None})
    require(_problems(table))
    scored = Scored(
        truth=np.array(table.truth, bool),
        scores={name: np.array(each, np.float64) for name, each in table.scores.items()},
        changes={name: np.array(each, np.float64) for name, each in table.changes.items()},
        block=np.array(table.block) if table.block else None,
    )
    costs = Costs(
        table.reference_ms, table.model_ms, decode={1: table.decode_ms}, look=table.look_ms
    )
    space = Space(
        frame_steps=table.frame_steps,
        most_ages=table.most_ages,
        thresholds=table.thresholds,
        audit=table.audit,
        pairs=MOST_PAIRS,
    )
    found = search([scored], costs, [budget([scored], table.promise)], space)
    (best,), (near,) = found.best, found.nearest
    if best is None:
        raise InfeasibleError(_miss(table, near, yes_and_no(scored)))
    yes, no = yes_and_no(scored)
    return answer(
        Proof(best.cost_ms, min(best.cost_ms, found.bound_ms), "exact", found.evaluated),
        cascade=asdict(best.setting),
        missed=best.fn[0],
        yes=yes,
        made_up=best.fp[0],
        no=no,
        asked=best.asked,
        combinations=found.combinations,
    )


def solve_noscope(sampled: Sampled, rate: float, half: bool, method: str | None) -> dict[str, Any]:
    """Thresholds under NoScope's own cost model; "original" is its optimiser as published."""
    known("method", method or "exact", {"exact": None, "original": None})
    best, covered = searched(sampled, rate, rate, "half" if half else "full")
    if method == "original":
        printed = original(sampled, rate, rate)
        cost = float(printed["optimizer_cost"])
        return answer(Proof(cost, min(cost, best.cost), "original", 20_000), **printed)
    return answer(Proof(best.cost, best.cost, "exact", covered), **_named(best))


def _named(best: Thresholds) -> dict[str, Any]:
    return {
        "frame_step": best.skip,
        "difference": best.difference,
        "low": best.low,
        "high": best.high,
        "false_negative": best.fn,
        "false_positive": best.fp,
        "windows_passed": best.passed,
        "model_frames": best.model_frames,
        "reference_frames": best.reference_frames,
    }


def _miss(table: CascadeTable, near: Found | None, totals: tuple[float, float]) -> Problem:
    asked = f"{table.promise.fnr:.2%} missed and {table.promise.fpr:.2%} made up"
    if near is None:
        return Problem("no setting at all", asked, "frame_steps with 1")
    missed, made_up = (
        wrong / max(total, 1.0) for wrong, total in zip((*near.fn, *near.fp), totals, strict=True)
    )
    return Problem(
        f"no cascade that keeps the promise; the nearest misses {missed:.2%} and makes up "
        f"{made_up:.2%}, looking at one frame in {near.setting.frame_step}",
        f"at most {asked}",
        f"frame_steps with 1, or a promise of {_up(missed):g} and {_up(made_up):g}",
    )


def _up(share: float) -> float:
    return float(np.ceil(share * 1000) / 1000)


def _problems(table: CascadeTable) -> Iterator[Problem]:
    """What a search would not see for itself."""
    for name, rate in (("fnr", table.promise.fnr), ("fpr", table.promise.fpr)):
        if not 0 <= rate < 1:
            yield Problem(f"{name} = {rate:g}", "a share from 0, below 1", "0.01")
    if all(table.truth) or not any(table.truth):
        only = "yes" if any(table.truth) else "no"
        hint = "frames with both answers"
        yield Problem(f"{len(table.truth)} frames, all of them {only}", "both answers", hint)
    for method, rows in table.changes.items():
        widths = {len(row) if isinstance(row, tuple) else 0 for row in rows}
        if len(widths) > 1:
            found = f"changes by {method} of {len(widths)} widths"
            yield Problem(found, "a number a frame, or lists of one length", "padding with 1")
        elif method == "background" and widths not in ({0}, set()):
            yield Problem("lists as changes by background", "a number a frame", "numbers")
    if not 0 <= table.audit <= 1:
        yield Problem(f"an audit of {table.audit:g}", "a share from 0 to 1", "0.01")
    if table.thresholds < 1:
        yield Problem(f"{table.thresholds} thresholds", "at least 1", "512")


EXAMPLE = CascadeTable(
    truth=(False, False, False, True, True, True, False, False, True, False),
    scores={
        "special": (0.1, 0.2, 0.1, 0.6, 0.9, 0.8, 0.4, 0.1, 0.5, 0.2),
        "yolox-nano-416": (0.1, 0.0, 0.2, 0.7, 0.8, 0.9, 0.3, 0.2, 0.6, 0.1),
    },
    model_ms={"special": 0.2, "yolox-nano-416": 8.0},
    reference_ms=40.0,
    promise=Promise(fnr=0.0, fpr=0.0),
    changes={"background": (0.01, 0.01, 0.02, 0.2, 0.3, 0.2, 0.1, 0.01, 0.2, 0.02)},
    decode_ms=2.0,
    look_ms=0.1,
)
