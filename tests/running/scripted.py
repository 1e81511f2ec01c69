"""Operators and sources without video: an item is a number, and every operator is a few lines."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from vedette.types.cluster import Cluster, Device
from vedette.types.events import Event, Incident
from vedette.types.graph import Source, Span, Step, Stream, Transport, Workflow
from vedette.types.media import Checkpoint, Frame, Key, Packet
from vedette.types.plan import Deployment


@dataclass(frozen=True)
class Number:
    """An item that knows the way it came."""

    key: Key
    time_s: Fraction
    value: int
    label: str = "odd"


def look(frame: Frame) -> Number:
    return Number(frame.key, frame.time_s, frame.key.frame)


def add(number: Number, *, amount: int = 1) -> Number:
    value = number.value + amount
    return replace(number, value=value, label="odd" if value % 2 else "even")


def drop_some(frame: Frame, *, every: int = 3) -> Frame | None:
    return None if frame.key.frame % every == 1 else frame


def spread(number: Number) -> tuple[Number, ...]:
    return tuple(replace(number, value=10 * number.value + n) for n in range(number.value % 4))


def total(numbers: tuple[Number, ...]) -> int:
    return sum(number.value for number in numbers)


def pair(left: Number, right: Number) -> Number:
    return replace(left, value=1000 * left.value + right.value)


def either(first: Number | None, *others: Number | None) -> Number:
    """The values side by side, 9 for one that is missing."""
    given = [each for each in (first, *others) if each is not None]
    digits = "".join(str(9 if n is None else n.value % 9) for n in (first, *others))
    return replace(given[0], value=int(digits))


def perhaps(number: Number, other: Number | None) -> Number:
    return replace(number, value=-1 if other is None else other.value)


@dataclass(frozen=True)
class Sum:
    total: int = 0
    seen: tuple[int, ...] = ()


class Accumulate:
    """Adds up what it has seen; raises when asked for something out of order."""

    def __init__(self) -> None:
        self.state = Sum()

    def __call__(self, number: Number) -> Number:
        self.state = Sum(self.state.total + number.value, (*self.state.seen, number.value)[-4:])
        return replace(number, value=self.state.total)


class Announce:
    """An event for every third number."""

    def __init__(self, *, every: int = 3) -> None:
        self.every = every
        self.state = Sum()

    def __call__(self, number: Number) -> Event | None:
        count = self.state.total + 1
        self.state = Sum(count)
        if count % self.every:
            return None
        key, time_s = number.key, number.time_s
        box = (0.0, 0.0, 1.0, 1.0)
        return Event(
            stream=key.stream,
            kind="third",
            label=str(number.value),
            start_frame=key.frame,
            end_frame=key.frame,
            start_s=time_s,
            end_s=time_s,
            frame=key.frame,
            time_s=time_s,
            box=box,
            confidence=1.0,
            ordinal=count,
        )


class Fail:
    def __init__(self, *, at: int = 5) -> None:
        self.at = at
        self.state = Sum()

    def __call__(self, number: Number) -> Number:
        if number.key.frame == self.at:
            raise ArithmeticError("cannot count any further")
        return number


class Encode:
    """Packs ``size_bytes`` (by default 1000 and the frame's number); counts its groups."""

    def __init__(self, *, kind: str = "frame", size_bytes: int | None = None) -> None:
        self.kind, self.size_bytes = kind, size_bytes
        self.state = Sum()

    def checkpoint(self) -> None:
        self.state = Sum()

    def __call__(self, item: Any) -> Packet:
        number = item.frame if isinstance(item, Event) else item.key.frame
        size_bytes = 1000 + number if self.size_bytes is None else self.size_bytes
        payload = bytes(size_bytes - 8) + len(PACKED).to_bytes(8, "big")
        PACKED.append(item)
        return Packet(Key("", number), item.time_s, self.kind, payload)


PACKED: list[Any] = []


class Decode:
    def __init__(self, *, kind: str = "frame") -> None:
        self.state = Sum()

    def __call__(self, packet: Packet) -> Any:
        return PACKED[int.from_bytes(packet.payload[-8:], "big")]


class Track:
    """The step that makes a frame an analysed one."""

    def __init__(self) -> None:
        self.state = Sum()

    def __call__(self, number: Number) -> Number:
        self.state = Sum(self.state.total + 1)
        return number


OPERATORS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "look": look,
        "add": add,
        "drop_some": drop_some,
        "spread": spread,
        "total": total,
        "pair": pair,
        "either": either,
        "perhaps": perhaps,
        "accumulate": Accumulate,
        "announce": Announce,
        "fail": Fail,
        "encode": Encode,
        "decode": Decode,
        "track": Track,
    }
)


WHOLE = Span()


@dataclass
class ScriptedSource:
    """``count`` frames without pictures, ``rate`` a second."""

    stream: Stream
    count: int
    rate: Fraction = Fraction(10)  # frames a second
    size: tuple[int, int] = (64, 48)
    begin_s: Fraction = Fraction(0)
    read: int = field(default=0)
    befell: tuple[Incident, ...] = ()

    def frames(self, span: Span = WHOLE, resume: Checkpoint | None = None) -> Iterator[Frame]:
        start = max(span.start, resume.frame if resume else 0)
        end = self.count if span.end is None else min(self.count, span.end)
        for number in range(start, end):
            self.read = number + 1
            key, time_s = Key(self.stream.name, number), self.begin_s + number / self.rate
            picture: Any = None
            yield Frame(key, time_s, picture, self.size, (0.0, 0.0, 64.0, 48.0))

    def seek_point(self) -> tuple[int, int] | None:
        return None

    def incidents(self) -> tuple[Incident, ...]:
        return self.befell


ONE_BOX = Cluster("one", (Device("box", "edge", cores=2),), ())


def no_models(name: str) -> Any:
    raise AssertionError(f"nobody asked for {name}")


def plan_of(
    steps: list[Step],
    *,
    streams: Mapping[str, tuple[str, ...]] = MappingProxyType({"street": ("a", "b")}),
    cluster: Cluster = ONE_BOX,
    placement: Mapping[str, str] = MappingProxyType({}),
    gop_s: float = 1.0,
    pace: Any = "file",
    deliver_to: str = "edge",
    parallel_items: bool = False,
) -> Deployment:
    """A plan that puts everything on the first device unless ``placement`` says otherwise."""
    sources = tuple(
        Source(name, tuple(Stream(each, f"{each}.mkv", pace=pace) for each in names))
        for name, names in streams.items()
    )
    workflow = Workflow(
        "scripted",
        sources,
        tuple(steps),
        transport=Transport(gop_s=gop_s),
        deliver_to=deliver_to,
    )
    names = [*(s.name for s in sources), *(step.name for step in steps)]
    place = dict.fromkeys(names, cluster.devices[0].name) | dict(placement)
    return Deployment(
        workflow=workflow,
        cluster=cluster,
        choice={},
        placement=place,
        parallel_items=parallel_items,
    )


def sources_for(plan: Deployment, count: int = 35, **settings: Any) -> dict[str, ScriptedSource]:
    return {
        stream.name: ScriptedSource(stream, count, **settings)
        for _, stream in plan.workflow.streams()
    }
