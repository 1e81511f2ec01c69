"""A bounded queue between two threads that says what gives when it is full."""

import threading
from collections import deque
from typing import Generic, TypeVar

M = TypeVar("M")


class Mailbox(Generic[M]):
    """Messages in order, at most ``bound`` of them.

    ``wake`` is set whenever there is something new for the taker to look at; it may be shared
    with others. When the box is full the oldest message goes that was put with ``may_drop``; where
    there is none, such a message is taken all the same, and others wait for room.
    """

    def __init__(self, bound: int, wake: threading.Event) -> None:
        self._bound, self._wake = bound, wake
        self._messages: deque[tuple[M, bool]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False

    def put(self, message: M, *, may_drop: bool = False) -> M | None:
        """Add a message, and give back what was dropped for it."""
        with self._changed:
            dropped = self._make_room()
            while not may_drop and len(self._messages) >= self._bound and not self._is_closed:
                self._changed.wait()
            self._messages.append((message, may_drop))
        self._wake.set()
        return dropped

    def take(self) -> M | None:
        """The oldest message, or None where there is none now."""
        with self._changed:
            if not self._messages:
                return None
            self._changed.notify()
            return self._messages.popleft()[0]

    def close(self) -> None:
        """Nobody will take any more: whoever waits to put goes on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._wake.set()

    def _make_room(self) -> M | None:
        if len(self._messages) < self._bound:
            return None
        oldest = next((each for each in self._messages if each[1]), None)
        if oldest is None:
            return None
        self._messages.remove(oldest)
        return oldest[0]
