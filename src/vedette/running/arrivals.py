"""When the messages of all streams come, in virtual time, and in what order."""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from heapq import merge
from itertools import chain

from vedette.types.media import Checkpoint, Frame

Arrival = tuple[float, int, str, int, Frame | Checkpoint]
"""A message with its moment, in the order in which all streams' messages come."""


def phases(rates: Mapping[str, Fraction]) -> dict[str, float]:
    """When each stream's first frame comes: cameras that nobody synchronised are never in step.

    Of n streams the i-th begins i/n of its frame interval late.
    """
    return {name: i / len(rates) / float(rate) for i, (name, rate) in enumerate(rates.items())}


def arrivals(
    streams: Mapping[str, Iterator[Frame | Checkpoint]],
    began_s: Mapping[str, float],
    *,
    one_clock: bool,
) -> Iterator[Arrival]:
    """All streams' messages in order, each stream's from when it began.

    On one clock their time stamps say who comes when, from the earliest on.
    """
    begun = {}
    for name, messages in streams.items():
        first = next(messages, None)
        if first is not None:
            begun[name] = float(first.time_s), chain([first], messages)
    earliest_s = min((start_s for start_s, _ in begun.values()), default=0.0)
    return merge(
        *(
            _timed(name, messages, earliest_s if one_clock else start_s - began_s[name])
            for name, (start_s, messages) in begun.items()
        ),
        key=lambda arrival: arrival[:4],
    )


def _timed(
    stream: str, messages: Iterable[Frame | Checkpoint], start_s: float
) -> Iterator[Arrival]:
    for message in messages:
        is_frame = isinstance(message, Frame)
        number = message.key.frame if isinstance(message, Frame) else message.frame
        yield float(message.time_s) - start_s, int(is_frame), stream, number, message
