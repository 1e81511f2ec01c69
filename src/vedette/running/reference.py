"""How fast this machine is at this moment, against the machine whose speed is 1."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

NOMINAL_S = 0.0077
"""CPU seconds of one reference call (a pass of YOLOX-Nano 416) on a device of speed 1."""

EVERY_S, RECENT = 0.4, 5


@dataclass(slots=True)
class Yardstick:
    """Repeats the reference call between pieces of work, so that a slow spell slows both.

    ``speed`` is the nominal time over the median of the recent calls. Without a reference call
    seconds are taken as they are.
    """

    reference: Callable[[], None] | None
    clock: Callable[[], float]
    _recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _spent_s: float = 0.0

    @property
    def speed(self) -> float:
        return NOMINAL_S / median(self._recent) if self._recent else 1.0

    def normal_s(self, measured_s: float) -> float:
        """Seconds of work as a device of speed 1 would have needed them."""
        if self.reference is None:
            return measured_s
        self._spent_s += measured_s
        if self._spent_s >= EVERY_S or not self._recent:
            self._measure(self.reference)
        return measured_s * self.speed

    def _measure(self, reference: Callable[[], None]) -> None:
        for _ in range(1 if self._recent else 3):  # the first calls of a model are slow
            start = self.clock()
            reference()
            took_s = self.clock() - start
        self._recent.append(max(took_s, 1e-9))
        self._spent_s = 0.0
