"""A plan file that is read again when a run is told to (SIGUSR1).

SIGHUP, which many servers take for that, still says that a terminal is gone.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from vedette.errors import VedetteError
from vedette.session.files import load_plan
from vedette.session.running import ensure_swappable
from vedette.types.plan import Plan

_AGAIN = getattr(signal, "SIGUSR1", None)  # not on every system


class Reloading:
    """While it listens, SIGUSR1 reads ``file`` again and sets ``stop``, for its plan to go on.

    A file that is no plan, one for other streams, or one that ``ensure_fit`` raises a VedetteError
    for, stops nothing: ``tell`` is told why.
    """

    def __init__(
        self,
        file: Path,
        plan: Plan,
        tell: Callable[[str], None],
        ensure_fit: Callable[[Plan], None] = lambda _: None,
    ) -> None:
        self.stop = threading.Event()
        self._file, self._plan, self._tell, self._ensure_fit = file, plan, tell, ensure_fit
        self._following: Plan | None = None

    def following(self) -> Plan | None:
        """The plan that is to go on, once; ``stop`` is another event then."""
        found, self._following = self._following, None
        if found is not None:
            self._plan, self.stop = found, threading.Event()
            if self._following is not None:  # told once more just now
                self.stop.set()
        return found

    @contextmanager
    def listening(self) -> Iterator[None]:
        if _AGAIN is None or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(_AGAIN, self._asked)
        try:
            yield
        finally:
            signal.signal(_AGAIN, before)

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        try:
            found = load_plan(self._file)
            ensure_swappable(self._plan, found)
            self._ensure_fit(found)
        except VedetteError as error:
            self._tell(f"the plan stays as it is: {error}")
            return
        self._following = found
        self.stop.set()
