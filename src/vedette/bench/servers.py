"""Model servers as processes of their own: started, asked until they answer, counted, ended.

What the operating system counts is that of the process and all that came of it, also of what it
let go of: every one of them inherits a mark in its environment, and is found by that in ``/proc``.
"""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

from vedette.errors import Problem, VedetteError

MARK = "VEDETTE_BENCH_SERVER"
STARTING_S, ENDING_S = 600.0, 15.0
_TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started; ``{port}`` in its words is where it is to listen.

    It answers once ``ready`` (a path) answers with status 200.
    """

    words: Sequence[str]
    ready: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def at(self, port: int) -> list[str]:
        return [word.replace("{port}", str(port)) for word in self.words]


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers at ``address``."""

    address: str
    mark: str

    def cpu_s(self) -> float:
        """User and system time so far, with everything that it started."""
        return sum(map(_cpu_s, _marked(self.mark)))


@contextmanager
def serving(commands: Sequence[Command]) -> Iterator[list[Serving]]:
    """All of them, started at once, each answering; they end with the block.

    Raises VedetteError with the last words of one that ends before it answers, or never does.
    """
    with ExitStack() as stack:
        started = [stack.enter_context(_process(each)) for each in commands]
        for command, (found, process, said) in zip(commands, started, strict=True):
            _await(command, found, process, said)
        yield [found for found, _, _ in started]


@contextmanager
def _process(
    command: Command,
) -> Iterator[tuple[Serving, "subprocess.Popen[bytes]", IO[bytes]]]:
    port, mark = free_port(), secrets.token_hex(8)
    environment = {**os.environ, **command.environment, MARK: mark}
    with TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603
            command.at(port), stdout=said, stderr=subprocess.STDOUT, env=environment
        )
        try:
            yield Serving(f"http://127.0.0.1:{port}", mark), process, said
        finally:
            _end(process, mark)


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def _await(
    command: Command, found: Serving, process: "subprocess.Popen[bytes]", said: IO[bytes]
) -> None:
    until_s = time.monotonic() + STARTING_S
    while time.monotonic() < until_s:
        with suppress(URLError, OSError), urlopen(found.address + command.ready, timeout=5):  # noqa: S310
            return
        status = process.poll()
        if status is not None:
            raise _unstarted(command, f"exit status {status}: {_last(said)}")
        time.sleep(0.1)
    raise _unstarted(command, f"no answer in {STARTING_S:g} s: {_last(said)}")


def _unstarted(command: Command, found: str) -> VedetteError:
    hint = f"to run it: {' '.join(command.at(8000))}"
    return VedetteError(Problem(found, "a server that answers", hint))


def _last(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _end(process: "subprocess.Popen[bytes]", mark: str) -> None:
    """Ask it to stop; what is there after a while, of all that it started, is killed."""
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(ENDING_S)
    for left in _marked(mark):
        with suppress(ProcessLookupError):
            os.kill(left, signal.SIGKILL)
    process.wait()


def _marked(mark: str) -> list[int]:
    """The processes that have the mark."""
    sought, found = f"{MARK}={mark}".encode(), []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):  # it has ended, or is another user's
                if sought in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def _cpu_s(process: int) -> float:
    """User and system time, its own and that of children that it has waited for."""
    with suppress(OSError):
        told = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
        return sum(map(int, told.rpartition(")")[2].split()[11:15])) / _TICKS_S
    return 0.0
