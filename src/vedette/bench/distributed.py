"""What serving models on other machines costs, brings and saves, in three parts.

*Overhead*: CPU time and latency of a request, against a direct call and other model servers, and
the throughput of a real detector. *Scaling*: one to eight replicas as real processes, against what
so many could ideally do, and against their simulation, which reproduces Distributed NoScope's
published times. *Links*: bytes and latency that codings and batches save at 1 to 100 Mbit/s.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from vedette import __version__
from vedette.bench import (
    distributed_links,
    distributed_overhead,
    distributed_published,
    distributed_scaling,
    distributed_throughput,
)
from vedette.bench.claims import Result, Setting
from vedette.bench.kept import Kept
from vedette.bench.overhead import clip_of
from vedette.profiling.cache import LIBRARIES, machine
from vedette.records.codec import digest
from vedette.session.common import Progress

SHOWN = (
    "part",
    "what",
    "request",
    "replicas",
    "Mbit/s",
    "most rows",
    "seconds",
    "simulated s",
    "of ideal",
    "CPU ms",
    "x vedette",
    "p50 ms",
    "p99 ms",
    "a second",
    "reason",
)
"""What a terminal has room for; ``--json`` has the rest."""
NOTES = (
    "emulated service: the model sleeps, one request at a time; server, socket and client are real",
    "CPU ms: of all the server's processes, while eight connections keep it busy",
    "p50 and p99 of requests: over one connection; of links: pictures that come five a second",
    "other servers run in environments peers/NAME in the folder of -o",
)


def run(setting: Setting, progress: Progress) -> Result:
    """The track. Turns and replicas that its folder keeps are not run again."""
    quick = setting.is_quick
    with TemporaryDirectory() as spare:
        folder = setting.folder or Path(spare)
        kept = Kept(folder / f"distributed{'-quick' * quick}.jsonl", mark())
        published = distributed_published.rows()
        scaling = list(distributed_scaling.rows(kept, progress, is_quick=quick))
        links = list(distributed_links.rows(clip_of(setting), progress, is_quick=quick))
        overheads = distributed_overhead.measured(
            folder, setting.folder, kept, progress, is_quick=quick
        )
        throughput = list(distributed_throughput.rows(kept, progress, is_quick=quick))
    return Result(
        track="distributed",
        setup={"machine": machine(), "clip": clip_of(setting).name, **overheads.versions},
        quick=quick,
        claims=(
            *distributed_overhead.claims(overheads),
            distributed_throughput.claim(throughput),
            *distributed_scaling.claims(scaling),
            *distributed_published.claims(published),
            *distributed_links.claims(links),
        ),
        rows=(
            *distributed_overhead.rows(overheads),
            *throughput,
            *scaling,
            *published,
            *links,
        ),
        notes=NOTES,
        shown=SHOWN,
    )


def mark() -> str:
    """What kept rows depend on: the code that serves and asks, and this machine."""
    home = Path(distributed_published.__file__).parent
    packages = ("bench", "models", "running", "serve")
    files = [file for each in packages for file in sorted((home.parent / each).rglob("*.py"))]
    return digest(
        [__version__, LIBRARIES, machine(), *(file.read_text(encoding="utf-8") for file in files)]
    )
