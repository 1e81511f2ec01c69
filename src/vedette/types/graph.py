"""A workflow: sources, a DAG of named steps with knobs, and what its user wants of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypeAliasType

from vedette.types.cascade import Cascade
from vedette.types.models import OwnModel

Scalar = str | int | float | bool
if TYPE_CHECKING:
    Value = Scalar | list["Value"] | dict[str, "Value"] | None
else:  # mypy reads no recursive TypeAliasType, and pydantic nothing else
    Value = TypeAliasType("Value", Scalar | list["Value"] | dict[str, "Value"] | None)
Choice = Mapping[str, Scalar]
"""A value for each knob, by its full name ``step.setting`` (or ``transport.qp``)."""

SOURCE = "source"
"""The golden value of rate, width and quality knobs: as the source file decodes."""


@dataclass(frozen=True, slots=True, init=False)
class Knob:
    """Marks a setting that the planner may choose; its values, the most accurate first."""

    values: tuple[Scalar, ...]

    def __init__(self, *values: Scalar) -> None:
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Span:
    """Frames ``start`` up to, not including, ``end`` (None: to the end of the stream)."""

    start: int = 0
    end: int | None = None


Pace = Literal["file", "live"]


@dataclass(frozen=True, slots=True)
class Stream:
    """One camera. By default a file is planned on its first half and reported on its second.

    ``pace`` says if frames arrive when they were captured (``live``: a full queue drops the
    oldest) or as fast as they are taken (``file``: a full queue blocks). ``labels`` names a file in
    which people said what there is to see (MOTChallenge text or COCO JSON): accuracy is then
    against it, on the frames that it covers, and elsewhere against the golden setting. ``rotate``
    turns what a player would show clockwise, for a camera that hangs sideways. ``decode`` "asked":
    a file's picture is decoded, and charged for, when a step first looks at it, and what no step
    looks at is skipped where the codec allows it.
    """

    name: str
    url: str
    plan_on: Span | None = None
    report_on: Span | None = None
    pace: Pace = "file"
    repeat: int = 1
    labels: str | None = None
    rotate: Literal[0, 90, 180, 270] = 0
    decode: Literal["all", "asked"] = "all"


@dataclass(frozen=True, slots=True)
class Source:
    """Streams that are treated alike: each step after it runs for each of them."""

    name: str
    streams: tuple[Stream, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One operator with its settings. ``inputs`` name steps or sources.

    ``settings`` are fixed values; ``choices`` are values that the planner chooses from, the most
    accurate first. ``when`` lets an item through only if its attribute has one of the values
    (``{"label": ("car", "truck")}``). ``part_of`` is the declared step this one was expanded from,
    ``stage`` names those of its parts that stay on one machine, where not all of them have to.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    settings: Mapping[str, Value] = field(default_factory=dict)
    choices: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    when: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    part_of: str = ""
    stage: str = ""

    @property
    def declared(self) -> str:
        return self.part_of or self.name

    @property
    def placed(self) -> str:
        """What is put on a machine as one: a stage, or a declared step with all of its parts."""
        return self.stage or self.declared


@dataclass(frozen=True, slots=True)
class Transport:
    """How frames travel between machines. ``qp`` is a knob: H.264's constant quantiser, or another
    coding with its quality, as "jpeg 90" (see :mod:`vedette.types.coding`).

    ``gop_s`` seconds lie between keyframes.
    """

    qp: tuple[int | str, ...] = (18, 22, 26, 30, 34)
    gop_s: float = 2.0


@dataclass(frozen=True, slots=True)
class EventRule:
    """What counts as an event: a moving object, seen long and large enough (settings, not knobs).

    ``min_side_px`` None: 20 at 320 px source width, 24 at 640, 32 at 960, linear between.
    """

    min_duration_s: float = 1.0
    min_side_px: float | None = None
    start_confidence: float = 0.5
    tracks: str = "track"


Accuracy = Literal["event_f1", "frame_f1", "alerts", "alert_recall", "answers"]
OF_OBJECTS: tuple[Accuracy, ...] = ("event_f1", "frame_f1")
OF_ALERTS: tuple[Accuracy, ...] = ("alerts", "alert_recall")
OF_ANSWERS: tuple[Accuracy, ...] = ("answers",)
Metric = Literal[
    "camera_mbps",
    "wan_mbps",
    "latency_p50_ms",
    "latency_p95_ms",
    "age_p95_ms",
    "age_max_ms",
    "cpu_ms_per_frame",
    "price_per_hour",
]


@dataclass(frozen=True, slots=True)
class Objective:
    """Minimise the sum of weight x metric, in the metric's own unit, under floors and ceilings.

    ``answers`` is of workflows that answer yes or no, the others are of those that find objects;
    ``alerts`` is of those that tell of some of them.
    """

    minimise: Mapping[Metric, float] = field(default_factory=lambda: {"wan_mbps": 1.0})
    floors: Mapping[Accuracy, float] = field(default_factory=lambda: {"event_f1": 0.9})
    ceilings: Mapping[Metric, float] = field(default_factory=dict)


ANSWERING = frozenset({"presence", "present", "settle"})
"""Operators that answer a question: a yes is one row, the zone, and a no is none."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """What to find in which cameras, and at what accuracy and cost.

    ``deliver_to`` is the tier or device where answers are wanted; ``evidence_to`` where each
    event's picture is sent (None: it stays where the answer is). ``models`` are files of the
    user's, whose variants steps may name beside those of the zoo; ``cascades`` are what was learned
    to answer a step's question at less cost.
    """

    name: str
    sources: tuple[Source, ...]
    steps: tuple[Step, ...]
    objective: Objective = field(default_factory=Objective)
    events: EventRule = field(default_factory=EventRule)
    transport: Transport = field(default_factory=Transport)
    deliver_to: str = "edge"
    evidence_to: str | None = None
    version: int = 1
    models: tuple[OwnModel, ...] = ()
    cascades: tuple[Cascade, ...] = ()

    @property
    def own(self) -> tuple[OwnModel | Cascade, ...]:
        """What brings variants that the zoo does not have."""
        return (*self.models, *self.cascades)

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def streams(self) -> Iterator[tuple[str, Stream]]:
        """(source name, stream) for every stream."""
        for source in self.sources:
            for stream in source.streams:
                yield source.name, stream

    def ordered(self) -> tuple[Step, ...]:
        """The steps so that each comes after its inputs, otherwise as declared."""
        readers: dict[str, list[int]] = {}
        names = {step.name for step in self.steps}
        waits = [len(names.intersection(step.inputs)) for step in self.steps]
        for number, step in enumerate(self.steps):
            for name in names.intersection(step.inputs):
                readers.setdefault(name, []).append(number)
        ready = [number for number, count in enumerate(waits) if count == 0]
        done = []
        while ready:
            step = self.steps[heappop(ready)]
            done.append(step)
            for number in readers.get(step.name, ()):
                waits[number] -= 1
                if waits[number] == 0:
                    heappush(ready, number)
        return tuple(done)

    def asks(self) -> bool:
        """Whether what is tracked is a yes or a no for each frame, not objects."""
        name = self.events.tracks
        return any(step.name == name and step.operator in ANSWERING for step in self.steps)

    def scored(self) -> tuple[Accuracy, ...]:
        """How its accuracy is counted, that which floors are usually set on first.

        Alerts are where a floor asks for them: few workflows alert enough to say much.
        """
        if self.asks():
            return OF_ANSWERS
        return (*OF_OBJECTS, *self.told())

    def told(self) -> tuple[Accuracy, ...]:
        """The floors of what is alerted."""
        return tuple(each for each in OF_ALERTS if each in self.objective.floors)

    def usual_floors(self) -> Mapping[Accuracy, float]:
        """The floors where nobody sets any."""
        return {"answers": 0.95} if self.asks() else {"event_f1": 0.9}

    def sources_of(self, name: str) -> frozenset[str]:
        """The sources that reach a step."""
        inputs = {step.name: step.inputs for step in self.steps}
        left, seen = [name], {name}
        while left:
            new = set(inputs.get(left.pop(), ())) - seen
            seen |= new
            left += new
        return frozenset(source.name for source in self.sources if source.name in seen)

    def sinks(self) -> tuple[Step, ...]:
        """The steps that no other step reads: their outputs are the answers."""
        read = {name for step in self.steps for name in step.inputs}
        return tuple(step for step in self.steps if step.name not in read)

    def knobs(self) -> dict[str, tuple[Scalar, ...]]:
        """Every knob by its full name, with its values, the most accurate first."""
        found: dict[str, tuple[Scalar, ...]] = {
            f"{step.name}.{setting}": values
            for step in self.steps
            for setting, values in step.choices.items()
        }
        found["transport.qp"] = (SOURCE, *self.transport.qp)
        return found
