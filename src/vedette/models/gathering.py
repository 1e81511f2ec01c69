"""What several threads ask one local model for, in one pass."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any

from vedette.models.backend import Arrays, Backend
from vedette.models.rows import Arrival, Batching, decide, joined, kind_of, parted, rows_of


@dataclass(eq=False, slots=True)
class _Asked:
    batch: Arrays
    arrival: Arrival
    answer: Future[Arrays] = field(default_factory=Future)
    turn: Event = field(default_factory=Event)
    """Set once there is an answer, or it is this one's turn to compute for its ``met``."""
    met: Sequence["_Asked"] = ()


class Gathering:
    """A backend that takes what waits for it together: up to ``max_rows`` rows a pass.

    ``at_once`` passes run at a time, each in the thread of one of those who asked; nobody waits for
    a pass to fill. Where a pass of several fails each is asked for by itself, so that only the one
    to blame fails. ``backend`` computes in the calling thread, several rows in one pass where it
    says that it is ``taking`` them.
    """

    def __init__(self, backend: Backend, max_rows: int, at_once: int = 1) -> None:
        self._backend, self._free = wide(backend, max_rows), at_once
        self._batching = Batching(max_rows, max_queue=2**31)
        self._waiting: list[_Asked] = []
        self._lock = Lock()

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Returns when it is answered."""
        asked = _Asked(batch, Arrival(rows_of(batch), kind_of(batch), 0.0))
        with self._lock:
            self._waiting.append(asked)
            self._begin()
        asked.turn.wait()
        if asked.met:
            try:
                self._compute(asked.met)
            finally:
                with self._lock:
                    self._free += 1
                    self._begin()
        return asked.answer

    def _begin(self) -> None:
        """Where a pass may begin, the oldest of those that wait computes it."""
        while self._free and self._waiting:
            arrivals = [each.arrival for each in self._waiting]
            run = decide(arrivals, 0.0, self._batching).run
            met = [self._waiting[i] for i in run]
            for each in met:
                self._waiting.remove(each)
            self._free -= 1
            met[0].met = met
            met[0].turn.set()

    def _compute(self, met: Sequence[_Asked]) -> None:
        try:
            answer = self._backend.submit(joined([each.batch for each in met])).result()
            parts = [answer] if len(met) == 1 else parted(answer, [e.arrival.rows for e in met])
            for each, part in zip(met, parts, strict=True):
                each.answer.set_result(part)
        except BaseException as error:  # noqa: BLE001  # it reaches whoever asked
            if len(met) == 1:
                met[0].answer.set_exception(error)
                return
            for each in met:
                self._compute([each])
        finally:
            for each in met[1:]:
                each.turn.set()


def wide(backend: Backend, rows: int) -> Backend:
    """The backend, with so many rows in one pass where it is one that can."""
    found: Backend = backend.taking(rows) if hasattr(backend, "taking") else backend
    return found


def gathered(model: Any, max_rows: int, at_once: int) -> Any:
    """The model, over a backend that gathers; as it is where nothing of it is computed here."""
    if not hasattr(model, "over") or getattr(model.backend, "is_elsewhere", False):
        return model
    return model.over(Gathering(model.backend, max_rows, at_once))
