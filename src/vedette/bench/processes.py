"""Programs that are measured from outside: what the operating system counts when one has ended."""

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

from vedette.errors import Problem, VedetteError

Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that ran to its end.

    ``said`` is the JSON that it printed; ``cpu_s`` user and system time with all its children's;
    ``first_s`` from its start to the moment that it calls ``first`` (a monotonic clock's), None
    where it calls none.
    """

    said: Mapping[str, Any]
    cpu_s: float
    first_s: float | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """A short and a long run of the same program, so that starting it can be taken off."""

    short: Ended
    long: Ended

    @property
    def frame_ms(self) -> float:
        """CPU milliseconds of each frame that the long run has more than the short one.

        >>> short, long = Ended({"frames": 16}, 1.5), Ended({"frames": 516}, 6.5)
        >>> Cost(short, long).frame_ms
        10.0
        """
        frames = self.long.said["frames"] - self.short.said["frames"]
        return 1000 * (self.long.cpu_s - self.short.cpu_s) / float(frames)


@dataclass(frozen=True, slots=True)
class Side:
    """A program that is measured: its command, and what is put after it for either run."""

    name: str
    cameras: int
    command: Command
    short: Command
    long: Command

    def cost(self) -> Cost:
        return Cost(ended([*self.command, *self.short]), ended([*self.command, *self.long]))


def ended(command: Command) -> Ended:
    """Run a program to its end. Raises VedetteError with its last words where it fails."""
    begun_s = time.monotonic()
    with (
        TemporaryFile() as complaint,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaint) as process,  # noqa: S603
    ):
        said = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        complaint.seek(0)
        last = complaint.read().decode(errors="replace").strip().splitlines()[-1:]
    if process.returncode:
        found = f"exit status {process.returncode}: {' '.join(last)}"
        raise VedetteError(Problem(found, "a run to its end", f"to run it: {' '.join(command)}"))
    told = json.loads(said)
    first = told.get("first")
    return Ended(
        said=told,
        cpu_s=usage.ru_utime + usage.ru_stime,
        first_s=first - begun_s if first else None,
    )
