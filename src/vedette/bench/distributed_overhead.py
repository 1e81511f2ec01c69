"""What a server takes for a request beyond the model: Vedette's and others', and a direct call.

All serve the same small model (the mean of each row, by ONNX Runtime in one thread), one request
at a time, to the same client. Each request is one row: of 256 numbers (1 KB), or of as many as a
picture for YOLOX-Nano at 416 has (2.1 MB). What is posted is made before the clock starts, in the
most compact form that each server takes: binary tensors of the Open Inference Protocol for Vedette
and Triton, raw bytes for BentoML and Ray Serve, base64 in JSON for LitServe and MLServer.

CPU milliseconds a request are user and system time of the server and all that it started, while
eight connections keep it busy. Latencies are those of one connection. Each turn starts a server,
asks it some questions that do not count, and ends it, so that none runs beside another; turns
change order with each repetition, and ratios are taken within one.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import onnx
from onnx import TensorProto, helper

from vedette.bench.claims import Claim, Row, median_claim
from vedette.bench.distributed_client import Question, asked
from vedette.bench.distributed_peers import DIRECT, OURS, PEERS, Server, ours
from vedette.bench.distributed_peers import Row as Numbers
from vedette.bench.kept import Kept
from vedette.bench.processes import ended
from vedette.bench.servers import Serving, serving
from vedette.errors import VedetteError
from vedette.models.onnx_backend import OnnxRows
from vedette.session.common import Progress

CONNECTIONS = 8
PICTURE = 3 * 416 * 416
NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Load:
    """A size of request, and how many are asked to warm up, one by one, and to keep it busy."""

    name: str
    numbers: int
    first: int
    alone: int
    busy: int

    def row(self) -> Numbers:
        """Whole numbers with a mean that every server can state exactly."""
        return np.arange(self.numbers, dtype=np.float32) % 8


LOADS = (Load("1 KB", 256, 200, 3000, 4000), Load("2 MB", PICTURE, 20, 100, 400))
QUICK_LOADS = (Load("1 KB", 256, 50, 100, 600), Load("2 MB", PICTURE, 5, 20, 60))
REPETITIONS, QUICK_REPETITIONS = 5, 2

Figures = Mapping[str, float]
Turn = Mapping[str, Figures]
"""What one side took in one turn, by load: ``cpu_ms``, ``p50_ms``, ``p99_ms``, ``rate``."""
Turns = Mapping[str, Sequence[Turn]]
"""The turns of each side, in order of the repetitions."""


@dataclass(frozen=True, slots=True)
class Overheads:
    """Sides that were run, their versions, and why others were not."""

    turns: Turns
    versions: Mapping[str, str]
    missing: Mapping[str, str]


def measured(
    folder: Path, peers: Path | None, kept: Kept, progress: Progress, *, is_quick: bool
) -> Overheads:
    """Every side in turn; turns that are kept are not run again.

    ``folder`` takes the model's file, ``peers`` is where others' environments lie.
    """
    loads = QUICK_LOADS if is_quick else LOADS
    repetitions = QUICK_REPETITIONS if is_quick else REPETITIONS
    model = mean_model(folder / "mean.onnx")
    sides: dict[str, Callable[[], Turn]] = {DIRECT: partial(_direct, model, loads)}
    sides[OURS] = partial(_served, ours(model), sys.executable, model, loads)
    versions, missing = dict[str, str](), dict[str, str]()
    for peer in PEERS:
        python = peer.python(peers)
        if python is None:
            missing[peer.name] = f"no environment peers/{peer.name} in the folder of -o"
        else:
            sides[peer.name] = partial(_served, peer, str(python), model, loads)
            versions[peer.name] = _version(str(python), peer)
    turns: dict[str, list[Turn]] = {name: [] for name in sides}
    for turn in range(repetitions):
        names = [name for name in sides if name not in missing]
        for done, name in enumerate(names if turn % 2 == 0 else names[::-1]):
            progress("servers in turn", turn * len(names) + done, repetitions * len(names))
            try:
                row = f"{name} {versions.get(name, '')}, turn {turn}"
                turns[name].append(kept.row(row, sides[name]))
            except VedetteError as error:
                if name in (DIRECT, OURS):
                    raise
                missing[name] = error.problems[0].found
    run = {name: found for name, found in turns.items() if name not in missing}
    return Overheads(run, versions, missing)


def rows(found: Overheads) -> Iterator[Row]:
    """A line a side and load; who was not run says why."""
    for name, turns in found.turns.items():
        for load in turns[0]:
            values = {key: [turn[load][key] for turn in turns] for key in turns[0][load]}
            own = [turn[load]["cpu_ms"] for turn in found.turns[OURS]]
            times = [one / other for one, other in zip(values["cpu_ms"], own, strict=True)]
            yield {
                "part": "overhead",
                "what": f"{name} {found.versions.get(name, '')}".strip(),
                "request": load,
                "CPU ms": median(values["cpu_ms"]),
                "x vedette": median(times),
                "spread": f"{min(times):.2f} to {max(times):.2f}",
                "p50 ms": median(values["p50_ms"]),
                "p99 ms": median(values["p99_ms"]),
                "a second": median(values["rate"]),
            }
    for name, why in found.missing.items():
        yield {"part": "overhead", "what": name, "CPU ms": NOT_RUN, "reason": why}


def claims(found: Overheads) -> Iterator[Claim]:
    """Vedette over the best of the others, in CPU and latency, within each repetition."""
    others = [turns for name, turns in found.turns.items() if name not in (DIRECT, OURS)]
    run = [f"{name} {found.versions[name]}" for name in found.versions if name in found.turns]
    reason = f"against {', '.join(run)}" if others else "no other server was run"
    for load in found.turns[OURS][0]:
        for key, what in (
            ("cpu_ms", "CPU a request"),
            ("p50_ms", "latency p50"),
            ("p99_ms", "latency p99"),
        ):
            ratios = [
                turn[load][key] / min(turns[number][load][key] for turns in others)
                for number, turn in enumerate(found.turns[OURS] if others else ())
            ]
            name = f"{load} requests: {what}, over the least of other servers"
            yield median_claim(name, 1.0, "<=", ratios, "x", "measured", reason=reason)


def mean_model(file: Path) -> Path:
    """An ONNX file: ``y`` (rows, 1) is the mean of each row of ``x`` (rows, any)."""
    rows: list[str | int | None] = ["rows", "numbers"]
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["x"], ["y"], axes=[1], keepdims=1)],
        "mean",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, rows)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, file)
    return file


def _direct(model: Path, loads: Sequence[Load]) -> Turn:
    """The model in this process, with nothing around it."""
    backend = OnnxRows(model)
    return {load.name: _called(backend, load) for load in loads}


def _called(backend: OnnxRows, load: Load) -> Figures:
    batch = {"x": load.row()[None]}
    for _ in range(load.first):
        backend.submit(batch).result()
    latency_s = []
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    for _ in range(load.busy):
        before_s = time.perf_counter()
        backend.submit(batch).result()
        latency_s.append(time.perf_counter() - before_s)
    cpu_s, wall_s = time.process_time() - cpu_s, time.perf_counter() - begun_s
    p50_ms, p99_ms = 1e3 * np.quantile(latency_s, [0.5, 0.99], method="higher")
    return {
        "cpu_ms": 1e3 * cpu_s / load.busy,
        "p50_ms": float(p50_ms),
        "p99_ms": float(p99_ms),
        "rate": load.busy / wall_s,
    }


def _served(server: Server, python: str, model: Path, loads: Sequence[Load]) -> Turn:
    with serving([server.command(python, model)]) as (started,):
        return {load.name: _asked(started, server.question(load.row()), load) for load in loads}


def _asked(started: Serving, question: Question, load: Load) -> Figures:
    asked(started.address, question, load.first, CONNECTIONS)
    alone = asked(started.address, question, load.alone, 1)
    cpu_s = started.cpu_s()
    busy = asked(started.address, question, load.busy, CONNECTIONS)
    return {
        "cpu_ms": 1e3 * (started.cpu_s() - cpu_s) / load.busy,
        "p50_ms": alone.latency_ms(0.5),
        "p99_ms": alone.latency_ms(0.99),
        "rate": busy.rate,
    }


def _version(python: str, peer: Server) -> str:
    """Of its first package, as its environment says; empty where it has none."""
    name = peer.packages[0].partition("[")[0]
    words = "import json; from importlib import metadata as m; print(json.dumps({'is': "
    words += f"next((d.version for d in m.distributions(name={name!r})), '')}}))"
    return str(ended([python, "-c", words]).said["is"])
