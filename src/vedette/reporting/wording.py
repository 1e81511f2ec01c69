"""How figures, choices and names are said: the same words on a page and in a terminal."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vedette.planning.passes import resized
from vedette.types.cluster import Device
from vedette.types.figures import Figures, Score
from vedette.types.graph import SOURCE, Metric, Objective, Step, Value
from vedette.types.passes import Passes
from vedette.types.plan import Candidate, Plan

NONE = "\u2013"
MINUS = "\u2212"
THIN = "\u202f"
"""A narrow space that does not break."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A field of Figures by the name and unit that people read; less is better for each."""

    field: Metric
    name: str
    unit: str

    def of(self, figures: Figures) -> float:
        return float(getattr(figures, self.field))

    def says(self, figures: Figures) -> str:
        return number(self.of(figures))


MEASURES = (
    Measure("wan_mbps", "WAN bandwidth", "Mbit/s"),
    Measure("camera_mbps", "Camera to edge", "Mbit/s"),
    Measure("latency_p50_ms", "Latency p50", "ms"),
    Measure("latency_p95_ms", "Latency p95", "ms"),
    Measure("age_p95_ms", "Age of answer p95", "ms"),
    Measure("age_max_ms", "Age of answer max", "ms"),
    Measure("cpu_ms_per_frame", "CPU per frame", "ms"),
    Measure("price_per_hour", "Price per hour", ""),
)
MEASURE = {measure.field: measure for measure in MEASURES}

VERDICTS = {
    "held": "held",
    "not supportable": "not supportable with this data",
    "not checked": "not checked by a run",
}


def number(value: float) -> str:
    """Three significant digits, so that figures of all sizes can be compared at a glance.

    >>> [number(each) for each in (0, 0.0004, 0.1234, 5.678, 51.26, 1234.5, float("inf"))]
    ['0', '< 0.001', '0.123', '5.68', '51.3', '1\u202f234', '\u221e']
    """
    size = abs(value)
    if not math.isfinite(value):
        return NONE if math.isnan(value) else ("\u221e" if value > 0 else f"{MINUS}\u221e")
    if size == 0:
        return "0"
    if size < 0.001:
        return "< 0.001" if value > 0 else f"> {MINUS}0.001"
    places = next((places for limit, places in ((1, 3), (10, 2), (100, 1)) if size < limit), 0)
    sign = MINUS if value < 0 else ""
    return sign + f"{size:,.{places}f}".replace(",", THIN)


def whole(count: int) -> str:
    """A count, in full.

    >>> whole(27180)
    '27\u202f180'
    """
    return f"{count:,}".replace(",", THIN)


def change(value: float, base: float) -> str:
    """How much more or less than ``base``, in percent; empty where that says nothing.

    >>> change(0.12, 2.0), change(30.0, 20.0), change(1.0, 0.0)
    ('\u221294\u202f%', '+50\u202f%', '')
    """
    if not (math.isfinite(value) and math.isfinite(base)) or base <= 0:
        return ""
    percent = 100 * (value / base - 1)
    places = 1 if 99 < -percent < 100 else 0
    size = f"{abs(percent):.{places}f}"
    if float(size) == 0:
        return f"\u00b10{THIN}%"
    return f"{MINUS if percent < 0 else '+'}{size}{THIN}%"


def share(value: float) -> str:
    """A share as percent; what is there is never said to be nothing.

    >>> share(0.634), share(0.002)
    ('63\u202f%', '< 1\u202f%')
    """
    if 0 < value <= 0.005:
        return f"< 1{THIN}%"
    return f"{100 * value:.0f}{THIN}%"


def accuracy(value: float) -> str:
    return f"{value:.3f}"


def score_name(metric: str) -> str:
    """A metric as people write it.

    >>> score_name("event_f1"), score_name("target_recall")
    ('Event F1', 'Target recall')
    """
    words = metric.replace("_", " ").replace(" f1", " F1")
    return words[:1].upper() + words[1:]


def counts(score: Score) -> str:
    """What precision and recall were counted on, and against what if that is not golden."""
    precision, recall = score.precision, score.recall
    text = f"P {precision.hits}/{precision.total}, R {recall.hits}/{recall.total}"
    if score.runs is not None:
        text = f"yes {recall.hits}/{recall.total}, no {precision.hits}/{precision.total}"
    return text if score.against == "golden" else f"{text}, against {score.against}"


def value_text(value: Value) -> str:
    """A setting's value in a few words: of a mapping its keys, of a list its items."""
    if isinstance(value, Mapping):
        return ", ".join(str(key) for key in value)
    if isinstance(value, list | tuple):
        return ", ".join(value_text(each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "as the source" if value == SOURCE else str(value)


def settings_text(step: Step) -> tuple[str, ...]:
    """Each setting of a step, then what it lets through."""
    settings = [f"{name} {value_text(value)}" for name, value in step.settings.items()]
    conditions = [f"only {key} {value_text(list(values))}" for key, values in step.when.items()]
    return (*settings, *conditions)


def objective_text(objective: Objective) -> str:
    """The sum that is to be least.

    >>> objective_text(Objective({"wan_mbps": 1.0, "latency_p95_ms": 0.01}))
    '1 x WAN bandwidth (Mbit/s) + 0.01 x Latency p95 (ms)'
    """
    terms = []
    for field, weight in objective.minimise.items():
        measure = MEASURE[field]
        unit = f" ({measure.unit})" if measure.unit else ""
        terms.append(f"{weight:g} x {measure.name}{unit}")
    return " + ".join(terms)


def choice_text(candidate: Candidate) -> str:
    """Every setting a candidate chose."""
    return ", ".join(f"{knob} {value_text(value)}" for knob, value in candidate.choice.items())


def is_chosen(candidate: Candidate, plan: Plan) -> bool:
    return candidate.choice == plan.choice and not _moved(candidate, plan)


def differences(candidate: Candidate, plan: Plan) -> str:
    """In what a candidate differs from the plan: settings, places, numbers of machines."""
    if is_chosen(candidate, plan):
        return "the chosen plan"
    settings = [
        f"{knob} {value_text(value)}"
        for knob, value in candidate.choice.items()
        if plan.choice.get(knob) != value
    ]
    return ", ".join([*settings, *_moved(candidate, plan)]) or "other steps of the same settings"


def _moved(candidate: Candidate, plan: Plan) -> list[str]:
    """What runs elsewhere than in the plan; transport steps follow and are not named."""
    moved: dict[str, list[str]] = {}
    for name, device in candidate.placement.items():
        if plan.placement.get(name, device) != device and not _is_transport(name):
            moved.setdefault(device, []).append(name)
    counts = [
        f"{count} machines of {device}"
        for device, count in candidate.replicas.items()
        if plan.replicas.get(device, 1) != count
    ]
    sizes = resized(plan.batches, candidate.batches)
    return [*(_on(names, device) for device, names in moved.items()), *counts, *sizes]


def _on(names: Sequence[str], device: str) -> str:
    """Steps by name where they are few.

    >>> _on(["detect", "track"], "cloud"), _on(["a", "b", "c", "d"], "edge")
    ('detect and track on cloud', '4 steps on edge')
    """
    return f"{join(names) if len(names) <= 3 else f'{len(names)} steps'} on {device}"


def _is_transport(name: str) -> bool:
    return "@" in name or name.endswith((".encode", ".evidence"))


PARTS = {
    "client queue": "client_queue",
    "transmission": "transmission",
    "server queue": "server_queue",
    "compute": "compute",
}
"""The four parts of a request's time, as people read them, and as a Breakdown names them."""


def passes_text(passes: Passes) -> str:
    """What frames take together, in words.

    >>> passes_text(Passes((1, 2, 4), (1.0, 0.95, 0.9))), passes_text(Passes((1,), (1.0,)))
    ('in passes of 2 a frame takes 0.95 of its time alone, of 4 0.90', 'no quicker in batches')
    """
    sizes = [f"{n} {share:.2f}" for n, share in zip(passes.rows, passes.share, strict=True)][1:]
    if not sizes:
        return "no quicker in batches"
    first, *others = sizes
    told = first.replace(" ", " a frame takes ") + " of its time alone"
    return f"in passes of {', of '.join([told, *others])}"


def place_name(name: str) -> str:
    """A key of ``load`` or ``step_ms`` as people read it.

    >>> place_name("wait edge->cloud")
    'wait edge \u2192 cloud'
    """
    return name.replace("->", " \u2192 ")


def chosen(plan: Plan) -> list[tuple[str, str]]:
    """Each knob and its value, and how many frames go through a model in one pass."""
    knobs = [(knob, value_text(value)) for knob, value in plan.choice.items()]
    passes = plan.batches.items()
    return knobs + [(f"{step} in passes", f"of up to {each.most}") for step, each in passes]


def counted(plan: Plan, device: Device) -> str:
    """A device's name, with how many machines of it a plan uses where that is not plain."""
    streams = sum(1 for _ in plan.workflow.streams())
    count = streams if device.per_stream else plan.replicas.get(device.name, 1)
    return f"{device.name} \u00d7 {count}" if device.per_stream or count > 1 else device.name


def join(words: Iterable[str]) -> str:
    """Words as a sentence lists them.

    >>> join(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
