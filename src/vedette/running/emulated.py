"""Work that is done in real time on emulated machines: the rest of what a slower one would take is
slept, and so is what a link would.

It calibrates virtual time: where a plan is small enough for this machine's cores, both have to come
to the same latency.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Container, Mapping
from dataclasses import replace

from vedette.running.tally import answering, empty_bytes
from vedette.running.ways import Way, is_per_stream, rate_mbps
from vedette.running.work import Done, Work, is_encoder, is_free
from vedette.types.commit import SavedState
from vedette.types.graph import Step
from vedette.types.media import Bundle
from vedette.types.plan import Deployment

Place = tuple[str, int]
"""A stream and a frame's number."""
RECENT = 256
"""More frames than are ever on their way at once."""


class EmulatedWork:
    """Wraps work whose ``cpu_s`` are this machine's own seconds; ``speed`` is this machine's.

    A step holds a core of its device for as long as the device would take; no sooner than it was
    really done. An encoder's output holds each link on its way for its bits, and takes half a round
    trip. What comes back is at speed 1. ``answers`` are the steps whose output is an answer. The
    CPU seconds by which this machine is slower than the emulated one (to which an encoder may be
    free) are made up for in the waits that follow; what these do not make up for is ``owed_s``.
    """

    def __init__(
        self,
        plan: Deployment,
        work: Work,
        *,
        speed: float,
        answers: Container[str] = (),
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._plan, self._work, self._speed = plan, work, speed
        self._clock, self._sleep = clock, sleep
        self._cores = {device.name: max(1, int(device.cores)) for device in plan.cluster.devices}
        self._slots: dict[tuple[str, str], threading.Semaphore] = {}
        self._wires: defaultdict[tuple[Way, str], threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()
        self._free = {step.name: is_free(plan, step) for step in plan.workflow.steps}
        self._answering = answering(plan, answers)
        self._analysed: deque[Place] = deque(maxlen=RECENT)
        self._owed_s: dict[Place, float] = {}
        self._targets = {
            step.name: {
                plan.placement[r.name] for r in plan.workflow.steps if step.name in r.inputs
            }
            - {plan.placement[step.name]}
            for step in plan.workflow.steps
        }

    def do(self, step: Step, inputs: Mapping[str, Bundle]) -> Done:
        done = self._computed(step, inputs)
        here = done.bundle
        if step.name == self._plan.workflow.events.tracks and done.calls:
            self._analysed.append((here.stream, here.frame))
        if is_encoder(step):
            for target in sorted(self._targets[step.name]):
                self._carry(step, target, done)
        return done

    def owed_s(self, stream: str, frame: int) -> float:
        """Seconds by which a frame is late only because this machine is slower than its own."""
        with self._lock:
            return self._owed_s.get((stream, frame), 0.0)

    def save(self, step: Step, stream: str) -> SavedState:
        return self._work.save(step, stream)

    def load(self, step: Step, stream: str, state: SavedState) -> None:
        self._work.load(step, stream, state)

    def _computed(self, step: Step, inputs: Mapping[str, Bundle]) -> Done:
        device = self._plan.cluster.device(self._plan.placement[step.name])
        here = next(inputs[name] for name in step.inputs if name in inputs)
        place = here.stream, here.frame
        if self._free[step.name]:
            start_s = self._clock()
            done = self._work.do(step, inputs)
            self._owe(place, self._clock() - start_s)
            return done
        which = self._plan.replica_of(device.name, here.stream)
        with self._slot(device.name, here.stream if device.per_stream else str(which)):
            start_s = self._clock()
            done = self._work.do(step, inputs)
            normal_s = done.cpu_s * self._speed
            there_s = normal_s * self._cores[device.name] / (device.speed * device.cores)
            self._owe(place, done.cpu_s - there_s)
            self._wait(place, start_s + there_s - self._clock())
        return replace(done, cpu_s=normal_s)

    def _carry(self, step: Step, target: str, done: Done) -> None:
        """Hold each link on the way; nothing is sent of no item, but that it is no answer."""
        here, size_bytes = done.bundle, done.size_bytes
        if not here.items:
            if (here.stream, here.frame) not in self._analysed:
                return
            size_bytes = empty_bytes(self._answering, step.name, target)
            if not size_bytes:
                return
        for way in self._plan.cluster.route(self._plan.placement[step.name], target):
            shared = "" if not is_per_stream(self._plan.cluster, way[0]) else here.stream
            if size_bytes:
                with self._lock:
                    wire = self._wires[way, shared]
                with wire:
                    self._wait((here.stream, here.frame), 8e-6 * size_bytes / rate_mbps(way))
            self._wait((here.stream, here.frame), way[0].rtt_ms / 2000)

    def _slot(self, device: str, stream: str) -> threading.Semaphore:
        with self._lock:
            cores = self._cores[device]
            return self._slots.setdefault((device, stream), threading.Semaphore(cores))

    def _owe(self, place: Place, seconds: float) -> None:
        if seconds <= 0:
            return
        with self._lock:
            if place not in self._owed_s and len(self._owed_s) >= RECENT:
                self._owed_s.pop(next(iter(self._owed_s)))  # the oldest is long through
            self._owed_s[place] = self._owed_s.get(place, 0.0) + seconds

    def _wait(self, place: Place, seconds: float) -> None:
        with self._lock:
            repaid = min(self._owed_s.get(place, 0.0), max(seconds, 0.0))
            if repaid:
                self._owed_s[place] -= repaid
        if seconds > repaid:
            self._sleep(seconds - repaid)
