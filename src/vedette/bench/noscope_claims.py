"""The claims of the noscope track, and what its medians do not show."""

from collections.abc import Iterator, Sequence
from itertools import chain

from vedette.bench.claims import Claim, Row
from vedette.types.figures import Label

ACCEPTED = ("cascade", "one pass")
CELLS, ENOUGH = 18, 12
"""Cells of the packaged questions that a promise may be made for, and how many it should be."""
MEASURED: Label = "measured"


def claims(rows: Sequence[Row], missing: str = "") -> tuple[Claim, ...]:
    """Every target of the track that clips decide."""
    return (
        _accepted(rows, missing),
        _refused(rows, missing),
        _kept(rows, missing),
        _faster(rows, "one_by_one_person", 0.05, 30, missing),
        _faster(rows, "road_counting", 0.05, 50, missing),
        _faster(rows, "one_by_one_person", 0.01, 15, missing, best=True),
        _faster(rows, "road_counting", 0.01, 15, missing, best=True),
        _faster(rows, "highway_02", 0.02, 4, missing),
        _decodes(rows, missing),
    )


def _run(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["status"] != "not run"]


def _accepted(rows: Sequence[Row], missing: str) -> Claim:
    here = [row for row in _run(rows) if not row["should_refuse"]]
    taken = [row for row in here if row["status"] in ACCEPTED]
    alone = sum(row["status"] == "one pass" for row in taken)
    name = f"cells accepted, of {CELLS} that a promise may be made for"
    reason = missing or f"{len(taken)} of {len(here)} that were run; {alone} only run one pass"
    value = float(len(taken)) if here else None
    return Claim(name, ENOUGH, ">=", value, "cells", MEASURED, None, None, reason)


def _refused(rows: Sequence[Row], missing: str) -> Claim:
    here = [row for row in _run(rows) if row["should_refuse"]]
    name = "cells refused, of those whose clip is too short"
    share = sum(row["status"] == "refused" for row in here) / len(here) if here else None
    reason = missing or f"of {len(here)} cells"
    return Claim(name, 1.0, ">=", share, "share", MEASURED, None, None, reason)


def _kept(rows: Sequence[Row], missing: str) -> Claim:
    here = [row for row in rows if row["status"] in ACCEPTED]
    plain = [row for row in rows if "plain_kept" in row]
    share = sum(row["kept"] for row in here) / len(here) if here else None
    name = "accepted cells with FN and FP <= the rate, or one frame, on the reported part"
    reason = missing or (
        f"of {len(here)} cells; a plain search kept it in {sum(row['plain_kept'] for row in plain)}"
        f" of {len(plain)}"
    )
    return Claim(name, 1.0, ">=", share, "share", MEASURED, None, None, reason)


def _faster(
    rows: Sequence[Row], clip: str, rate: float, target: float, missing: str, *, best: bool = False
) -> Claim:
    """How many times faster than the reference: on each question of a clip, or its best one.

    What was refused has the reference answer, and a promise that was broken buys no speed.
    """
    here = [row for row in _run(rows) if row["clip"] == clip and row["rate"] == rate]
    speeds = {row["question"]: _speed(row) for row in here}
    which = "on one question" if best else "on each question"
    name = f"{clip} at {rate:.0%}: faster than the reference, {which}"
    found = ", ".join(f"{question} {speed:.1f}x" for question, speed in speeds.items())
    value = (max if best else min)(speeds.values(), default=None)
    spread = (min(speeds.values()), max(speeds.values())) if speeds else None
    return Claim(name, target, ">=", value, "x", MEASURED, None, spread, missing or found)


def _speed(row: Row) -> float:
    is_good = row["status"] in ACCEPTED and row["kept"]
    return float(row["speedup"]) if is_good else 1.0


def _decodes(rows: Sequence[Row], missing: str) -> Claim:
    here = [
        row
        for row in rows
        if row["status"] in ACCEPTED and row["kept"] and row["rate"] == 0.05  # as it is declared
    ]
    least = min(here, key=lambda row: float(row["decodes_a_frame"]), default=None)
    name = "full decodes a frame, end to end, somewhere at 5%"
    value = float(least["decodes_a_frame"]) if least else None
    reason = missing or (least["question"] if least else "no accepted cell at 5%")
    return Claim(name, 3.0, "<=", value, "decodes", MEASURED, None, None, reason)


def notes(rows: Sequence[Row]) -> tuple[str, ...]:
    """Who lost, and what learning took."""
    ran = _run(rows)
    return tuple(chain(_one_pass(ran), _broken(ran), _learning(ran), _without_decode(ran)))


def _one_pass(rows: Sequence[Row]) -> Iterator[str]:
    """Where a single pass of the detector is the better answer, said plainly."""
    for row in rows:
        if row.get("one_pass_wins"):
            yield (
                f"{_name(row)}: one pass of the detector beats the cascade: it kept the rate at "
                f"{row['one_pass_speedup']:.1f}x, the cascade is {row['speedup']:.1f}x"
            )
        elif row["status"] == "refused" and row["one_pass_kept"]:
            yield (
                f"{_name(row)}: refused, though one pass of the detector kept the rate at "
                f"{row['one_pass_speedup']:.1f}x on the reported part"
            )


def _broken(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row["status"] in ACCEPTED and not row["kept"]:
            yield (
                f"{_name(row)}: broke its promise, FN {_of(row['fn'])} and FP {_of(row['fp'])} "
                "frames against the reference"
            )
        for incident in row.get("incidents", ()):
            yield f"{_name(row)}: {incident}"


def _of(counted: Row) -> str:
    return f"{counted['wrong']} of {counted['total']}"


def _learning(rows: Sequence[Row]) -> Iterator[str]:
    """What it takes to have a cascade: once a question, and not in any speed above."""
    questions = {row["question"]: row for row in rows}.values()
    if questions:
        labelling, training, searching = (
            sum(float(row[f"{what}_cpu_s"]) for row in questions)
            for what in ("labelling", "training", "searching")
        )
        yield (
            f"labelling took {labelling:.0f} CPU-seconds, training {training:.0f} and one search "
            f"{searching:.0f}, over {len(questions)} questions; no speed has them in it"
        )


def _without_decode(rows: Sequence[Row]) -> Iterator[str]:
    here = [row for row in rows if row["status"] in ACCEPTED and row["speedup_without_decode"]]
    if here:
        most = max(here, key=lambda row: float(row["speedup_without_decode"]))
        yield (
            "without decoding, as NoScope counts (up to three orders of magnitude, on a GPU): up "
            f"to {most['speedup_without_decode']:.0f}x, at {_name(most)}"
        )


def _name(row: Row) -> str:
    return f"{row['question']} at {row['rate']:.0%}"
