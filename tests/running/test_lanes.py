"""Streams that become one: by time, stream and frame, and how long for one that is behind."""

import threading
from fractions import Fraction

from vedette.running.lanes import Message, Moving, Passing, merged
from vedette.running.mailbox import Mailbox
from vedette.running.tally import Passed
from vedette.types.media import Checkpoint, End


def frame(stream: str, number: int) -> Moving:
    fate = Passed(stream, number, float(number), float(number))
    return Moving(Fraction(number), fate, {})


def box(wake: threading.Event, *messages: Message) -> Mailbox[Message]:
    filled: Mailbox[Message] = Mailbox(10, wake)
    for message in messages:
        filled.put(message)
    return filled


def names(messages: list[object]) -> list[str]:
    return [
        f"{each.fate.stream}{each.fate.frame}" if isinstance(each, Moving) else "cut"
        for each in messages
    ]


def test_frames_come_by_time_and_then_by_stream() -> None:
    wake, stop = threading.Event(), threading.Event()
    boxes = {
        "b": box(wake, frame("b", 0), frame("b", 1), End("b", 2)),
        "a": box(wake, frame("a", 0), frame("a", 2), End("a", 2)),
    }
    assert names(list(merged(boxes, wake, stop))) == ["a0", "b0", "b1", "a2"]


def test_a_checkpoint_comes_before_all_frames_of_its_time() -> None:
    wake, stop = threading.Event(), threading.Event()
    cut = Passing(Checkpoint("b", 1, Fraction(1)))
    boxes = {
        "a": box(wake, frame("a", 0), frame("a", 1), End("a", 2)),
        "b": box(wake, frame("b", 0), cut, frame("b", 1), End("b", 2)),
    }
    assert names(list(merged(boxes, wake, stop))) == ["a0", "b0", "cut", "a1", "b1"]


def test_a_live_stream_that_is_behind_is_not_waited_for_longer_than_its_bound() -> None:
    wake, stop = threading.Event(), threading.Event()
    silent: Mailbox[Message] = Mailbox(10, wake)
    boxes = {"a": box(wake, frame("a", 0), frame("a", 1), End("a", 2)), "silent": silent}
    messages = merged(boxes, wake, stop, live=frozenset({"silent"}), bound_s=0.0)
    assert names([next(messages), next(messages)]) == ["a0", "a1"]


def test_a_stop_ends_the_waiting() -> None:
    wake, stop = threading.Event(), threading.Event()
    stop.set()
    assert list(merged({"a": box(wake)}, wake, stop)) == []
