"""A plan on emulated machines and links in real time: what virtual time is held against."""

from contextlib import ExitStack

from vedette.declaring.operator import operators
from vedette.errors import InputError, Problem
from vedette.media.source import open_source
from vedette.models import loader
from vedette.profiling.measure import EventsOnly, reference_ms
from vedette.profiling.parts import spans
from vedette.running.local import LocalExecutor
from vedette.running.reference import NOMINAL_S
from vedette.session.common import frames_of
from vedette.types.figures import Figures
from vedette.types.plan import Deployment

PAUSE_S = 0.1
"""Between two frames of a camera a processor is at other work."""
MOST_CORES = 1.5
"""A plan that keeps more of this machine busy would measure how its threads wait for each other."""


def in_real_time(plan: Deployment, expected: Figures, part: str = "report") -> Figures:
    """Run a plan as its frames were captured, with the waits of its machines and links slept.

    ``expected`` says how much work that is. Raises InputError where it is more than one and a half
    of this machine's cores: figures would show this machine, not the plan's.
    """
    wanted = spans(plan.workflow, frames_of(plan.workflow), part)
    shown = [
        stream
        for _, stream in plan.workflow.streams()
        if wanted[stream.name].end is None or wanted[stream.name].end != wanted[stream.name].start
    ]
    speed = 1000 * NOMINAL_S / reference_ms(PAUSE_S)
    _ensure_small(plan, expected, speed, len(shown))
    executor = LocalExecutor(operators(), loader(plan.workflow.own), paced=True, speed=speed)
    with ExitStack() as scope:
        sources = {
            stream.name: scope.enter_context(open_source(stream, threads=1)) for stream in shown
        }
        return executor.run(plan, sources, EventsOnly(), spans=wanted).figures


def _ensure_small(plan: Deployment, expected: Figures, speed: float, streams: int) -> None:
    """The load of a device that each stream has of its own is that of the busiest of them."""
    busy = sum(
        expected.load.get(device.name, 0.0)
        * (device.cores * device.speed)
        * (streams if device.per_stream else 1)
        for device in plan.cluster.devices
    )
    if busy / speed > MOST_CORES:
        raise InputError(
            Problem(
                f"a plan that keeps {busy / speed:.1f} of this machine's cores busy",
                f"one of at most {MOST_CORES}, to be run in real time",
                "fewer cameras, or a rehearsal in virtual time",
            )
        )
