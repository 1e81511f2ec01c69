"""What goes to a segment on another machine, and what comes back: key records and packed items.

A key record is JSON and says what a message is: a frame's bundles, a checkpoint, or the beginning
of a sequence. Its items follow apart, each packed by itself, in the order in which the record
counts them. There is no pickle, and nothing is believed.
"""

import builtins
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, Literal, cast

from pydantic import TypeAdapter, ValidationError

from vedette import errors
from vedette.errors import InputError, MediaError, Problem
from vedette.media.message import Header, hostile, seal, unseal
from vedette.media.packing import Time, pack, unpack
from vedette.running.executor import ALL
from vedette.running.work import Done, StepFailed
from vedette.types.commit import SavedState
from vedette.types.media import Bundle, Checkpoint, Frame

States = Mapping[tuple[str, str], SavedState]
"""By step, and the stream that it is a state of (``ALL``: of a step that streams share)."""
Message = tuple[bytes, list[bytes]]
"""A key record and its items."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How one item becomes bytes, and an item again."""

    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]


def _pack(item: Any) -> bytes:
    if isinstance(item, Frame):
        raise MediaError(
            Problem(
                f"a picture on its way to another machine (stream {item.key.stream})",
                "frames that a step has encoded",
                "to place the steps that read it on its source's device",
            )
        )
    try:
        return pack(item)
    except KeyError:
        raise MediaError(
            Problem(
                f"a {type(item).__name__} on its way to another machine",
                "detections, crops, matches, verdicts, events or packets",
                "to place the step that makes it, and those that read it, on one device",
            )
        ) from None


PACKED = Codec(_pack, unpack)
"""The forms of :mod:`vedette.media.packing`; a frame must be encoded before it travels."""


@dataclass(frozen=True)
class BundleHead(Header):
    """One step's bundle: the numbers of its items, which follow."""

    name: str
    numbers: tuple[int, ...]
    dropped: bool = False


@dataclass(frozen=True)
class FrameHead(Header):
    """What a segment reads of one source frame."""

    stream: str
    frame: int
    time: Time
    bundles: tuple[BundleHead, ...]
    kind: Literal["frame"] = "frame"


@dataclass(frozen=True)
class CheckpointHead(Header):
    """A checkpoint on its way through a segment."""

    stream: str
    frame: int
    time: Time
    seek: tuple[int, int] | None = None
    kind: Literal["checkpoint"] = "checkpoint"


@dataclass(frozen=True)
class StatesHead(Header):
    """States by step and stream, which follow."""

    states: tuple[tuple[str, str], ...]
    kind: Literal["states"] = "states"


@dataclass(frozen=True)
class BeginHead(Header):
    """A sequence begins: its streams, the number of its first message, and the states there."""

    streams: tuple[str, ...]
    first: int
    states: tuple[tuple[str, str], ...]
    kind: Literal["begin"] = "begin"


@dataclass(frozen=True)
class StepHead(Header):
    """What one step did on a frame, in figures (see :class:`vedette.running.work.Done`)."""

    name: str
    calls: int
    cpu_s: float
    size_bytes: float
    numbers: tuple[int, ...]
    dropped: bool


@dataclass(frozen=True)
class DoneHead(Header):
    """What came of a frame in a segment."""

    steps: tuple[StepHead, ...]
    bundles: tuple[BundleHead, ...]
    kind: Literal["done"] = "done"


@dataclass(frozen=True)
class FailedHead(Header):
    """An operator raised; ``problems`` are found, expected and hint of what a user can mend."""

    step: str
    stream: str
    frame: int
    error: str
    text: str
    problems: tuple[tuple[str, str, str], ...] = ()
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True)
class _StateHead(Header):
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A frame with the bundles that a segment reads."""

    stream: str
    frame: int
    time_s: Fraction
    bundles: Mapping[str, Bundle]


@dataclass(frozen=True, slots=True)
class Begun:
    """How a sequence begins: messages are numbered from ``first``."""

    streams: tuple[str, ...]
    first: int = 0
    states: States = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What each step did of a frame (bundles without content), and the bundles that leave."""

    done: Mapping[str, Done] = field(default_factory=dict)
    bundles: Mapping[str, Bundle] = field(default_factory=dict)


def ask(asked: Asked, codec: Codec = PACKED) -> Message:
    """A frame as a message."""
    heads, items = _folded(asked.bundles, codec)
    return _json(FrameHead(asked.stream, asked.frame, _ratio(asked.time_s), heads)), items


def ask_states(checkpoint: Checkpoint) -> Message:
    """A checkpoint as a message; its answer are the states there."""
    time = _ratio(checkpoint.time_s)
    return _json(CheckpointHead(checkpoint.stream, checkpoint.frame, time, checkpoint.seek)), []


def ask_begin(begun: Begun) -> Message:
    """The first message of a sequence."""
    heads = BeginHead(begun.streams, begun.first, tuple(begun.states))
    return _json(heads), [_sealed(each) for each in begun.states.values()]


def begun(message: Message) -> Begun:
    """How the sequence begins again."""
    head = _head(message[0], BeginHead)
    return Begun(head.streams, head.first, _states(head.states, message[1]))


def asked(message: Message, codec: Codec = PACKED) -> Asked | Checkpoint:
    """The frame or the checkpoint again; MediaError for what none of them can have become."""
    head = _head(message[0], FrameHead | CheckpointHead)
    if isinstance(head, CheckpointHead):
        return Checkpoint(head.stream, head.frame, Fraction(*head.time), head.seek)
    place = head.stream, head.frame, Fraction(*head.time)
    return Asked(*place, _unfolded(place, head.bundles, message[1], codec))


def answer(answered: Answered, codec: Codec = PACKED) -> Message:
    """What came of a frame as a message."""
    heads, items = _folded(answered.bundles, codec)
    steps = tuple(
        StepHead(
            name,
            d.calls,
            d.cpu_s,
            d.size_bytes,
            tuple(n for n, _ in d.bundle.items),
            d.bundle.dropped,
        )
        for name, d in answered.done.items()
    )
    return _json(DoneHead(steps, heads)), items


def answer_states(states: States) -> Message:
    """The states at a checkpoint as a message."""
    return _json(StatesHead(tuple(states))), [_sealed(each) for each in states.values()]


def answer_failed(failed: StepFailed) -> Message:
    """What an operator raised, by name, as a message."""
    cause = failed.__cause__ or failed
    problems = cause.problems if isinstance(cause, InputError) else ()
    told = tuple((each.found, each.expected, each.hint) for each in problems)
    place = failed.step, failed.stream, failed.frame
    return _json(FailedHead(*place, type(cause).__name__, str(cause), told)), []


def answered(
    message: Message, asked: Asked | Checkpoint, codec: Codec = PACKED
) -> Answered | dict[tuple[str, str], SavedState]:
    """What a segment answered; raises StepFailed where an operator of it raised."""
    head = _head(message[0], DoneHead | StatesHead | FailedHead)
    if isinstance(head, FailedHead):
        raise StepFailed(head.step, head.stream, head.frame) from _raised(head)
    if isinstance(head, StatesHead) != isinstance(asked, Checkpoint):
        raise hostile("the answer to something else")
    if isinstance(head, StatesHead) or isinstance(asked, Checkpoint):
        return _states(head.states, message[1])
    place = asked.stream, asked.frame, asked.time_s
    done = {
        each.name: Done(
            Bundle(*place, tuple((n, None) for n in each.numbers), each.dropped),
            each.calls,
            each.cpu_s,
            each.size_bytes,
        )
        for each in head.steps
    }
    return Answered(done, _unfolded(place, head.bundles, message[1], codec))


def owner(stream: str, *, shared: bool) -> str:
    """Whose states a segment's steps have."""
    return ALL if shared else stream


def _sealed(state: SavedState) -> bytes:
    return seal(b"S", _StateHead(state.text), blob=state.arrays)


def _states(
    names: Sequence[tuple[str, str]], items: Sequence[bytes]
) -> dict[tuple[str, str], SavedState]:
    if len(names) != len(items):
        raise hostile(f"{len(items)} states for {len(names)} names")
    unsealed = ((name, unseal(item, _StateHead)) for name, item in zip(names, items, strict=True))
    return {name: SavedState(head.text, arrays) for name, (head, _, arrays) in unsealed}


def _raised(head: FailedHead) -> Exception:
    """The error again: one of ours or of Python's own keeps its class."""
    ours = getattr(errors, head.error, None)
    if head.problems and isinstance(ours, type) and issubclass(ours, InputError):
        return ours(*(Problem(*each) for each in head.problems))
    known = getattr(builtins, head.error, None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            return known(head.text)
        except TypeError:
            pass
    return RuntimeError(f"{head.error}: {head.text}")


def _folded(
    bundles: Mapping[str, Bundle], codec: Codec
) -> tuple[tuple[BundleHead, ...], list[bytes]]:
    heads = tuple(
        BundleHead(name, tuple(number for number, _ in each.items), each.dropped)
        for name, each in bundles.items()
    )
    return heads, [codec.pack(item) for each in bundles.values() for _, item in each.items]


def _unfolded(
    place: tuple[str, int, Fraction],
    heads: Sequence[BundleHead],
    items: Sequence[bytes],
    codec: Codec,
) -> dict[str, Bundle]:
    if sum(len(head.numbers) for head in heads) != len(items):
        raise hostile(f"{len(items)} items where its record counts others")
    rest = iter(items)
    return {
        head.name: Bundle(*place, tuple(_numbered(head, rest, codec)), head.dropped)
        for head in heads
    }


def _numbered(head: BundleHead, items: Iterator[bytes], codec: Codec) -> Iterator[tuple[int, Any]]:
    return ((number, codec.unpack(next(items))) for number in head.numbers)


def _json(head: Any) -> bytes:
    return _adapter(cast("Hashable", type(head))).dump_json(head)


def _head(record: bytes, kind: Any) -> Any:
    try:
        return _adapter(kind).validate_json(record)
    except ValidationError as error:
        raise hostile(f"a key record that does not fit: {error.errors()[0]['msg']}") from None


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("Any", kind))


def _ratio(time_s: Fraction) -> tuple[int, int]:
    return time_s.numerator, time_s.denominator
