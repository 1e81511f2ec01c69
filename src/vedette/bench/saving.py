"""The claims of the ep track: medians over the cells that a comparison is fair in."""

from collections.abc import Iterator, Sequence
from statistics import median

from vedette.bench.claims import Claim, Row, median_claim
from vedette.bench.scenes import WORKLOADS

TARGET, EVERY = WORKLOADS
PAPER_BANDWIDTH, PAPER_LATENCY = 0.937, 0.826
FIGURES = (
    "camera_mbps",
    "wan_mbps",
    "latency_p50_ms",
    "latency_p95_ms",
    "cpu_ms_per_frame",
    "event_f1",
    "frame_f1",
)


def claims(rows: Sequence[Row], missing: str = "") -> tuple[Claim, ...]:
    """Every target of the track. Cells whose baseline is infeasible are in no median."""
    return (
        *_savings(rows, TARGET, 0.95, missing),
        _found(rows, missing),
        *_savings(rows, EVERY, 0.90, missing),
        *_accuracies(rows, missing),
        _age(rows, missing),
        *_calibrations(rows, missing),
    )


def fair(rows: Sequence[Row], workload: str) -> list[Row]:
    return [r for r in rows if r["workload"] == workload and r["status"] == "feasible"]


def _savings(rows: Sequence[Row], workload: str, bandwidth: float, missing: str) -> Iterator[Claim]:
    here, every = fair(rows, workload), [r for r in rows if r["workload"] == workload]
    unsupported = sum(row.get("verdict") == "not supportable" for row in here)
    counts = missing or (
        f"{len(here)} of {len(every)} cells feasible, {unsupported} of them not supportable"
    )
    for column, target, paper, what in (
        ("wan_saved", bandwidth, PAPER_BANDWIDTH, "WAN bandwidth"),
        ("p50_saved", 0.85, PAPER_LATENCY, "latency p50"),
        ("p95_saved", 0.85, PAPER_LATENCY, "latency p95"),
    ):
        values = [float(row[column]) for row in here]
        name = f"{workload}: {what} saved, median of feasible cells"
        yield median_claim(
            name, target, ">=", values, "share", "rehearsed", paper=paper, reason=counts
        )


def _found(rows: Sequence[Row], missing: str) -> Claim:
    here = [row for row in fair(rows, TARGET) if "target_found" in row]
    name = f"{TARGET}: plans that found it"
    share = sum(map(bool, (row["target_found"] for row in here))) / len(here) if here else None
    reason = missing or f"of {len(here)} feasible cells"
    return Claim(name, 1.0, ">=", share, "share", "rehearsed", 1.0, None, reason)


def _accuracies(rows: Sequence[Row], missing: str) -> Iterator[Claim]:
    for verdict, target in (("held", 0.90), ("not supportable", 0.75)):
        here = [row for row in rows if row.get("verdict") == verdict]
        kept = sum(float(row["event_f1"]) >= 0.90 for row in here)
        share = kept / len(here) if here else None
        name = f"plans marked {verdict!r} with event F1 >= .90 on the reported part"
        reason = missing or f"{kept} of {len(here)} plans"
        yield Claim(name, target, ">=", share, "share", "rehearsed", None, None, reason)


def _age(rows: Sequence[Row], missing: str) -> Claim:
    ages = [float(row["age_max_ms"]) for row in rows if row["status"] == "feasible"]
    name = "age of information at every instant of every feasible cell"
    spread = (min(ages), max(ages)) if ages else None
    most = max(ages) if ages else None
    return Claim(name, 1000.0, "<=", most, "ms", "rehearsed", None, spread, missing)


def _calibrations(rows: Sequence[Row], missing: str) -> Iterator[Claim]:
    here = [row for row in rows if row["status"] == "feasible"]
    for figure in FIGURES:
        errors = [
            float(each["error"])
            for row in here
            for each in row["calibration"]
            if each["name"] == figure
        ]
        name = f"forecast against rehearsed: {figure}"
        yield median_claim(name, 0.20, "<=", errors, "share", "rehearsed", reason=missing)


def clock_claims(timed: Sequence[Row], missing: str = "") -> tuple[Claim, ...]:
    """Virtual time against the clock."""
    here = [row for row in timed if row["status"] == "run"]
    reason = missing or f"{len(here)} of {len(timed)} cells were small enough to be run"
    return tuple(
        median_claim(
            f"rehearsed against by the clock: {figure}",
            0.20,
            "<=",
            [float(row[figure]["error"]) for row in here if figure in row],
            "share",
            "measured",
            reason=reason,
        )
        for figure in FIGURES[:5]
    )


def notes(rows: Sequence[Row], independence: Sequence[Row]) -> tuple[str, ...]:
    """What the medians do not show: who lost, what else saves, and how far the search was off."""
    return (
        *_losers(rows),
        *_beside(rows),
        *(
            f"{row['scene']}: the product of knobs' accuracies against {row['choices']} joint "
            f"measurements, median error {row['event_f1_median_error']:.3f} in event F1 (worst "
            f"{row['event_f1_worst_error']:+.3f}), {row['frame_f1_median_error']:.3f} in frame F1 "
            f"(worst {row['frame_f1_worst_error']:+.3f})"
            for row in independence
        ),
    )


def _losers(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        where = f"{row['scene']}, {row['workload']}, {row['cell']}"
        if row["status"] != "feasible":
            yield f"{where}: {row['status']}"
        elif min(row["wan_saved"], row["p95_saved"]) < 0:
            yield f"{where}: lost to the baseline"
        elif row["event_f1"] < 0.90:  # the floor of the track's workflows
            yield f"{where}: event F1 {row['event_f1']:.2f} on the reported part"


def _beside(rows: Sequence[Row]) -> Iterator[str]:
    """The plan's savings against what might explain them, in the median of feasible cells."""
    here = [row for row in rows if row["status"] == "feasible"]
    for name, what in (
        ("frames_only", "the same codec and model with only their frames chosen"),
        ("parallel_tiles", "the baseline with its tiles in parallel"),
        ("qp_26", "golden frames at QP 26"),
        ("qp_30", "golden frames at QP 30"),
    ):
        known = [row for row in here if row.get(f"{name}_status") == "feasible"]
        if known:
            wan, p50, p95 = (
                median(float(row[f"{name}_{figure}_saved"]) for row in known)
                for figure in ("wan", "p50", "p95")
            )
            yield (
                f"against {what}: {wan:.1%} of the WAN, {p50:.1%} of latency p50 and {p95:.1%} "
                f"of p95 saved (median of {len(known)} cells)"
            )
    edges = [row for row in here if row.get("edge_golden_status") == "feasible"]
    yield f"the golden setting all at the edge was feasible in {len(edges)} of {len(here)} cells"
