"""How far forecasts were from what then happened: one line a figure."""

from collections.abc import Iterator, Mapping

from vedette.types.figures import Figures, Forecast, Label, Score

COSTS: Mapping[str, str] = {
    "camera_mbps": "Mbit/s",
    "wan_mbps": "Mbit/s",
    "latency_p50_ms": "ms",
    "latency_p95_ms": "ms",
    "cpu_ms_per_frame": "ms",
}
"""The figures of a run that a plan forecasts, with their units."""


def calibration(
    forecast: Figures,
    found: Figures,
    expected: Mapping[str, Score] | None = None,
    reached: Mapping[str, Score] | None = None,
) -> tuple[Forecast, ...]:
    """Every figure that both sides have; accuracies as F1, or as the share of right answers."""
    return (
        *_costs(forecast, found),
        *_accuracies(expected or {}, reached or {}, forecast.label, found.label),
    )


def _costs(forecast: Figures, found: Figures) -> Iterator[Forecast]:
    for name, unit in COSTS.items():
        one, other = float(getattr(forecast, name)), float(getattr(found, name))
        if one == one and other == other:  # noqa: PLR0124  # not where a run has no such figure
            yield Forecast(name, unit, one, other, forecast.label, found.label)


def _accuracies(
    expected: Mapping[str, Score], reached: Mapping[str, Score], by: Label, label: Label
) -> Iterator[Forecast]:
    for name in expected:
        if name in reached:
            one, other = expected[name], reached[name]
            unit = "F1" if one.runs is None else "share"
            yield Forecast(name, unit, one.value, other.value, by, label)
