"""What more replicas bring: real processes, sockets and clients, under the usual balancing.

Servers are processes of their own whose model sleeps for 50 ms a request (emulated, since a machine
seldom has a core for each), or YOLOX-Nano on one thread, up to the cores that there are. The client
is the one that plans use, with its usual terms: four requests under way at each replica, the next
where the fewest are. Ideal is what so many replicas could do that never wait. Beside each stands
the same in virtual time, by the same policies.

Distributed NoScope's client, two requests in flight at replicas drawn at random, is run and
simulated, too. With so few under way all that a request takes beyond its service is in the sum. So
some are asked one by one before, and what they take stands beside: the simulation without it, which
is claimed, and with it as the way there and back.
"""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from threading import BoundedSemaphore

import numpy as np

from vedette.bench import sleeper
from vedette.bench.claims import Claim, Row
from vedette.bench.distributed_published import ALONE_S, DISTRIBUTED_S, TIMES_S, as_published
from vedette.bench.distributed_throughput import VARIANT, command, picture
from vedette.bench.kept import Kept
from vedette.bench.servers import Command, serving
from vedette.models.backend import Arrays
from vedette.models.remote import Remote
from vedette.models.remote_backend import RemoteBackend
from vedette.models.replica_terms import Terms
from vedette.running.replicas import ReplicaSet, constant, serve
from vedette.session.common import Progress

SERVICE_S = 0.05
REPLICAS = (1, 2, 4, 8)
REQUESTS, QUICK_REQUESTS = 2000, 160
ALONE = 40
PICTURES, QUICK_PICTURES = 400, 30
TERMS = Terms()
ONE: Arrays = {sleeper.TENSOR: np.ones((1, 1), np.float32)}
THEIRS = "two in flight, drawn at random"
"""As Distributed NoScope asks."""


def rows(kept: Kept, progress: Progress, *, is_quick: bool) -> Iterator[Row]:
    """A row a number of replicas; what is kept is not run again."""
    requests, pictures = (QUICK_REQUESTS, QUICK_PICTURES) if is_quick else (REQUESTS, PICTURES)
    for done, replicas in enumerate(REPLICAS):
        progress("emulated replicas", done, len(REPLICAS) + 1)
        yield kept.row(f"emulated {replicas}", partial(_emulated, replicas, requests))
    progress("emulated replicas", len(REPLICAS), len(REPLICAS) + 1)
    yield kept.row("emulated theirs", partial(_theirs, requests))
    rate = 0.0
    cores = len(os.sched_getaffinity(0))
    for replicas in range(1, cores + 1):
        progress("models as replicas", replicas - 1, cores)
        row = kept.row(f"models {replicas}", partial(_models, replicas, pictures, cores))
        rate = rate or row["a second"]
        yield {**row, "of ideal": row["a second"] / rate / replicas}
    yield {
        "part": "scaling",
        "what": "published: one machine, and its stages on several, 500 frames",
        "requests": 500,
        "seconds": f"{ALONE_S:g} and {DISTRIBUTED_S:g}",
        "times faster": ALONE_S / DISTRIBUTED_S,
    }


def claims(found: Sequence[Row]) -> Iterator[Claim]:
    """Of the emulated replicas: how near to ideal, and how near to their simulation."""
    emulated = [row for row in found if "simulated s" in row]
    most = [row for row in emulated if (row["replicas"], row["policy"]) == (REPLICAS[-1], "least")]
    value = most[0]["of ideal"] if most else None
    paper = [times_s[0] / times_s[-1] / REPLICAS[-1] for times_s in TIMES_S.values()]
    name = f"{REPLICAS[-1]} replicas, {1e3 * SERVICE_S:g} ms emulated: share of ideal"
    reason = f"the original: {min(paper):.0%} to {max(paper):.0%} of its own rate on one"
    yield Claim(name, 0.9, ">=", value, "share", "measured", max(paper), None, reason)
    errors = [abs(row["seconds"] / row["simulated s"] - 1) for row in emulated]
    spread = (min(errors), max(errors)) if errors else None
    name = "real processes against their simulation: the largest error"
    yield Claim(name, 0.15, "<=", max(errors, default=None), "share", "measured", None, spread)


def _emulated(replicas: int, requests: int) -> Row:
    """With the policy and the terms that a plan's remote models have."""
    with serving([_sleeping()] * replicas) as servers:
        addresses = tuple(each.address for each in servers)
        seconds = _asked(Remote(sleeper.MODEL, addresses), ONE, requests)
        cpu_s = sum(each.cpu_s() for each in servers)
    known = ReplicaSet(replicas, constant(SERVICE_S), in_flight=TERMS.in_flight * replicas)
    simulated_s = serve([0.0] * requests, known).makespan_s
    return {
        **_row("emulated service", replicas, requests, seconds),
        "policy": "least",
        "of ideal": requests * SERVICE_S / replicas / seconds,
        "times faster": requests * SERVICE_S / seconds,
        "simulated s": simulated_s,
        "servers' CPU s": cpu_s,
    }


def _theirs(requests: int) -> Row:
    """As Distributed NoScope's client asks, on as many replicas as it had."""
    replicas = REPLICAS[-1]
    with serving([_sleeping()] * replicas) as servers:
        addresses = tuple(each.address for each in servers)
        remote = Remote(sleeper.MODEL, addresses, balancing="random")
        way_s = max(0.0, _asked(remote, ONE, ALONE, in_flight=1) / ALONE - SERVICE_S)
        seconds = _asked(remote, ONE, requests, in_flight=2)
    return {
        **_row(f"emulated service, {THEIRS}", replicas, requests, seconds),
        "policy": THEIRS,
        "of ideal": requests * SERVICE_S / replicas / seconds,
        "times faster": requests * SERVICE_S / seconds,
        "simulated s": as_published(requests, replicas, SERVICE_S),
        "way ms": 1e3 * way_s,
        "simulated with the way s": as_published(requests, replicas, SERVICE_S, way_s),
    }


def _models(replicas: int, pictures: int, cores: int) -> Row:
    with serving([command(1)] * replicas) as servers:
        remote = Remote(VARIANT, tuple(each.address for each in servers))
        _asked(remote, picture(), 2 * replicas)  # the first call is slower than the others
        seconds = _asked(remote, picture(), pictures)
    row = _row(f"{VARIANT}, one thread each, of {cores} cores", replicas, pictures, seconds)
    return {**row, "a second": pictures / seconds}


def _row(what: str, replicas: int, requests: int, seconds: float) -> Row:
    return {
        "part": "scaling",
        "what": what,
        "replicas": replicas,
        "requests": requests,
        "seconds": seconds,
    }


def _sleeping() -> Command:
    words = [sys.executable, sleeper.__file__, "--service-ms", str(1e3 * SERVICE_S)]
    return Command([*words, "--port", "{port}"], f"/v2/models/{sleeper.MODEL}/ready")


def _asked(remote: Remote, batch: Arrays, count: int, in_flight: int | None = None) -> float:
    """Seconds from the first question to the last answer."""
    backend = RemoteBackend(remote)
    room = BoundedSemaphore(in_flight or count)
    answers: list[Future[Arrays]] = []
    try:
        begun_s = time.monotonic()
        for _ in range(count):
            room.acquire()
            answer = backend.submit(batch)
            answer.add_done_callback(lambda _: room.release())
            answers.append(answer)
        for answer in answers:
            answer.result()
        return time.monotonic() - begun_s
    finally:
        backend.close()
