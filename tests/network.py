"""Machines with addresses of their own, on this one: network namespaces, cables, and cut cables.

All is gone when the block ends. Where there may be no namespaces, tests are skipped by name.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count

import pytest

_NUMBERS = count()
FORWARD = "echo 1 > /proc/sys/net/ipv4/ip_forward"


@dataclass(frozen=True)
class Machine:
    """A network namespace with an address."""

    namespace: str
    address: str

    def command(self, *words: str) -> list[str]:
        """What runs a command there."""
        return ["ip", "netns", "exec", self.namespace, *words]


@dataclass(frozen=True)
class Site(Machine):
    """A machine behind a router, whose cable to it may be cut.

    The router does not say so: packets vanish on their way, no connection is refused, and those
    that there are hang, as between cities.
    """

    router: str
    link: str

    def cut(self) -> None:
        ip("-n", self.router, "link", "set", self.link, "down")

    def heal(self) -> None:
        ip("-n", self.router, "link", "set", self.link, "up")


@contextmanager
def cable() -> Iterator[tuple[Machine, Machine]]:
    """Two machines and a cable between them."""
    with _laying() as (scope, name, base):
        first, second = (Machine(f"{name}-{end}", f"{base}.{end}") for end in (1, 2))
        for each in (first, second):
            _namespace(scope, each.namespace)
        _connect(scope, name, (first, second), 30)
        yield first, second


@contextmanager
def site() -> Iterator[Site]:
    """A machine that this one reaches over a router."""
    with _laying() as (scope, name, base):
        near, far = Machine("", f"{base}.1"), Machine(f"{name}-r", f"{base}.2")
        inner = Machine(far.namespace, f"{base}.5")
        found = Site(f"{name}-s", f"{base}.6", far.namespace, f"{name}ba")
        for each in (far, found):
            _namespace(scope, each.namespace)
        _connect(scope, f"{name}a", (near, far), 30)
        _connect(scope, f"{name}b", (inner, found), 30)
        subprocess.run(far.command("sh", "-c", FORWARD), check=True, capture_output=True, text=True)
        ip("-n", far.namespace, "route", "add", "blackhole", f"{base}.4/30", "metric", "1000")
        ip("-n", found.namespace, "route", "add", "default", "via", inner.address)
        ip("route", "add", f"{base}.4/30", "via", far.address)
        yield found


@contextmanager
def _laying() -> Iterator[tuple[ExitStack, str, str]]:
    """A scope, a name that is nobody else's, and the first three numbers of free addresses."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need root and ip")
    number = next(_NUMBERS)
    block = 16 * os.getpid() + number
    with ExitStack() as scope:
        yield scope, f"v{os.getpid()}x{number}", f"10.{64 + block // 256 % 64}.{block % 256}"


def _namespace(scope: ExitStack, name: str) -> None:
    try:
        ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
    scope.callback(ip, "netns", "del", name)
    ip("-n", name, "link", "set", "lo", "up")


def _connect(scope: ExitStack, name: str, ends: tuple[Machine, Machine], bits: int) -> None:
    links = (f"{name}a", f"{name}b")
    ip("link", "add", links[0], "type", "veth", "peer", "name", links[1])
    for each, link in zip(ends, links, strict=True):
        inside = ("-n", each.namespace) if each.namespace else ()
        if each.namespace:
            ip("link", "set", link, "netns", each.namespace)
        else:
            scope.callback(ip, "link", "del", link)
        ip(*inside, "addr", "add", f"{each.address}/{bits}", "dev", link)
        ip(*inside, "link", "set", link, "up")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)
