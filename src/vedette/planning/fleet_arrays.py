"""Many cameras' steps as layered graphs, so that one sweep prices every choice of all cameras.

What a plan costs and what it uses are linear in the same amounts: cores on each device, megabits a
second in each lane, memory beside a stream, and accuracy lost (minus its logarithm). So a price for
each amount prices a plan, whether the price is asked by the objective, by a shared capacity or by
a limit of one camera.

Steps are passed in their order. A *state* is the device of every step that is announced, that is
read from a passed step but not passed itself; passing a step chooses its variant and announces its
readers. A chain announces one step at a time, so it has as many states as devices.

Axes: C cameras of one shape, V variants, S states, T transitions, R amounts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vedette.errors import InputError, Problem
from vedette.planning.layout import Flags, Floats, Site

Rows = NDArray[np.intp]
MOST_TRANSITIONS = 20_000


@dataclass(frozen=True, eq=False, slots=True)
class Amounts:
    """Where each amount stands among the R: devices' cores, lanes, devices' memory, loss."""

    devices: int
    lanes: int

    @property
    def count(self) -> int:
        return 2 * self.devices + self.lanes + 1

    @property
    def lane(self) -> slice:
        return slice(self.devices, self.devices + self.lanes)

    @property
    def memory(self) -> slice:
        return slice(self.devices + self.lanes, self.count - 1)

    @property
    def loss(self) -> int:
        return self.count - 1


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """One step of C cameras.

    ``start``, ``end``, ``device`` (T,) the transitions, those of one start state together from
    ``first`` (S,) on; ``hops`` (T, L) the lanes that the output takes; ``cpu``, ``mbps``,
    ``memory``, ``loss`` (C, V); ``closed`` (C, V, T) is infinite where a variant may not run.
    """

    start: Rows
    end: Rows
    device: Rows
    hops: Floats
    first: Rows
    cpu: Floats
    mbps: Floats
    memory: Floats
    loss: Floats
    closed: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """Cameras of one shape; ``cameras`` (C,) are their rows in the fleet, ``own`` (C, R) what each
    may use by itself, infinite where nothing limits it.
    """

    cameras: Rows
    layers: tuple[Layer, ...]
    amounts: Amounts
    own: Floats

    def priced(self, layer: Layer, prices: Floats) -> Floats:
        """What each variant costs on each transition, (C, V, T), for prices (C, R)."""
        memory = prices[:, self.amounts.memory][:, layer.device]
        arcs = layer.cpu[:, :, None] * prices[:, None, layer.device]
        arcs += layer.mbps[:, :, None] * (prices[:, self.amounts.lane] @ layer.hops.T)[:, None, :]
        if memory.any():
            arcs += layer.memory[:, :, None] * memory[:, None, :]
        arcs += (layer.loss * prices[:, self.amounts.loss, None])[:, :, None]
        priced: Floats = arcs + layer.closed
        return priced

    def used(self, rows: Rows, variants: Rows, transitions: Rows) -> Floats:
        """What paths use, (n, R): of cameras ``rows`` (n,), by steps (n, steps)."""
        found = np.zeros((len(rows), self.amounts.count))
        every = np.arange(len(rows))
        for i, layer in enumerate(self.layers):
            v, t = variants[:, i], transitions[:, i]
            found[every, layer.device[t]] += layer.cpu[rows, v]
            found[:, self.amounts.lane] += layer.mbps[rows, v, None] * layer.hops[t]
            found[:, self.amounts.memory][every, layer.device[t]] += layer.memory[rows, v]
            found[:, self.amounts.loss] += layer.loss[rows, v]
        return found

    def devices(self, transitions: Rows) -> Rows:
        """The device of every step of paths (n, steps)."""
        columns = [layer.device[transitions[:, i]] for i, layer in enumerate(self.layers)]
        return np.stack(columns, axis=1)


@dataclass(frozen=True, eq=False, slots=True)
class Fleet:
    """``price`` (R,) of the objective; ``capacity`` (R,) that all cameras share, infinite where
    nothing is shared.
    """

    groups: tuple[Group, ...]
    price: Floats
    capacity: Floats
    names: tuple[str, ...]

    @property
    def cameras(self) -> int:
        return sum(len(group.cameras) for group in self.groups)


def transitions(
    inputs: Sequence[Sequence[int]], allowed: Sequence[Sequence[int]], place: Site
) -> Iterator[tuple[Rows, Rows, Rows, Floats]]:
    """Each step's (start, end, device, hops), without states from which no path leads on.

    ``inputs`` are the rows of earlier steps, ``allowed`` the devices that may run a step.
    """
    readers = [[r for r, sources in enumerate(inputs) if s in sources] for s in range(len(inputs))]
    states: dict[tuple[tuple[int, int], ...], int] = {(): 0}
    layers: list[list[tuple[int, int, int, tuple[int, ...]]]] = []
    for step, following in enumerate(readers):
        layer: list[tuple[int, int, int, tuple[int, ...]]] = []
        ends: dict[tuple[tuple[int, int], ...], int] = {}
        for state, start in states.items():
            for device, places in _announced(dict(state), step, following, allowed):
                targets = sorted({places[r] for r in following} - {device})
                if all(place.is_reachable[device, target] for target in targets):
                    end = ends.setdefault(tuple(sorted(places.items())), len(ends))
                    layer.append((start, end, device, tuple(targets)))
        if len(layer) > MOST_TRANSITIONS:
            found = f"more than {MOST_TRANSITIONS} ways to place what follows step {step + 1}"
            raise InputError(
                Problem(found, "fewer steps that wait side by side", "`at` for some of them")
            )
        layers.append(layer)
        states = ends
    yield from (_as_arrays(layer, place) for layer in _alive(layers))


def _announced(
    state: dict[int, int], step: int, readers: Sequence[int], allowed: Sequence[Sequence[int]]
) -> Iterator[tuple[int, Mapping[int, int]]]:
    """The step's device with the places of all that is announced after it."""
    new = [reader for reader in readers if reader not in state]
    rest = {name: device for name, device in state.items() if name != step}
    for device in [state[step]] if step in state else allowed[step]:
        for places in product(*(allowed[reader] for reader in new)):
            yield device, {**rest, **dict(zip(new, places, strict=True))}


Transition = tuple[int, int, int, tuple[int, ...]]


def _alive(layers: Sequence[list[Transition]]) -> list[list[Transition]]:
    """Without transitions into states that have none, the states counted anew."""
    kept: list[list[Transition]] = []
    alive = {end: 0 for _, end, _, _ in layers[-1]}
    for layer in reversed(layers):
        rows = sorted((s, alive[e], d, targets) for s, e, d, targets in layer if e in alive)
        alive = {start: i for i, start in enumerate(dict.fromkeys(row[0] for row in rows))}
        kept.append([(alive[s], e, d, targets) for s, e, d, targets in rows])
    return kept[::-1]


def _as_arrays(layer: Sequence[Transition], place: Site) -> tuple[Rows, Rows, Rows, Floats]:
    start, end, device = (np.array([row[i] for row in layer], np.intp) for i in range(3))
    hops = np.zeros((len(layer), len(place.lanes)))
    for i, (_, _, here, targets) in enumerate(layer):
        hops[i] = place.route[here, list(targets)].sum(axis=0)
    return start, end, device, hops


def closing(is_open: Flags) -> Floats:
    """0 where a variant may run, else infinite."""
    return np.where(is_open, 0.0, np.inf)
