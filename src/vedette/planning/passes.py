"""Frames that go through a model in one pass: how many meet there, and what that saves.

A free core takes all that wait for a model, up to a size; nobody waits for a pass to fill. With a
share b of the time in which a frame finds all cores busy, n b frames come on average while a pass
of n and the rest of their work are done, and the next pass takes them, or the first to come: n = n
b + exp(-n b). That is Bailey's queue (JRSS B 16, 1954) with its mean in place of its distribution;
of c cores b is load^(sqrt(2 (c + 1)) - 1), as in Sakasegawa's formula. A frame is more likely in a
large pass than in a small one: in n + 1 - 1 / n on average. It waits b / (2 c) passes, over 1 -
load^n for those that leave some behind, where this load counts passes as full as they may be. With
passes of one all this is Sakasegawa's wait.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vedette.planning.demand import Demand
from vedette.planning.layout import Floats, Graph, Layouts, Site
from vedette.types.graph import Workflow
from vedette.types.operators import Signature
from vedette.types.passes import Passes

ROUNDS = 20
"""Halvings of the range in which the mean pass lies: to within a thousandth of a frame."""


@dataclass(frozen=True, eq=False, slots=True)
class Meeting:
    """``used`` (P, D) is each device's share of its CPU seconds in use, ``full`` if all passes were
    as large as they may be, ``rows`` (P, D) frames in an average pass. ``stretch`` (P, N): a node
    takes so many times what one frame takes alone. ``saved`` (P, D, K) CPU seconds a second.
    """

    used: Floats
    full: Floats
    rows: Floats
    stretch: Floats
    saved: Floats


def passes_of(
    workflow: Workflow, signatures: Mapping[str, Signature], known: Mapping[str, Passes]
) -> dict[str, Passes]:
    """What was measured of the models that steps run, by step."""
    found: dict[str, Passes] = {}
    for step in workflow.steps:
        named = [str(step.settings.get(name)) for name in signatures[step.operator].models]
        if len(named) == 1 and named[0] in known:
            found[step.name] = known[named[0]]
    return found


def meeting(
    plans: Layouts, ask: Demand, site: Site, used_by: Callable[[Floats], Floats]
) -> Meeting:
    """How many frames meet in the passes of each device; ``used_by`` says what (P, D, K) CPU
    seconds that are saved leave in use.
    """
    count, nodes = plans.place.shape
    nothing = np.zeros((count, plans.work.shape[1], ask.work_rate.shape[1]))
    alone = np.ones((count, plans.work.shape[1]))
    stretch = np.ones((count, nodes))
    used = used_by(nothing)
    if not ask.passes or not (plans.batches > 1).any():
        return Meeting(used, used, alone, stretch, nothing)
    most = plans.batches.astype(float)
    low, high = alone, most
    exponent = np.sqrt(2 * (site.servers + 1)) - 1
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        come = middle * np.minimum(used_by(_saved(plans, ask, middle)), 1.0) ** exponent
        grows = come + np.exp(-come) > middle
        low, high = np.where(grows, middle, low), np.where(grows, high, middle)
    rows = low
    for node, passes in ask.passes.items():
        here = _here(plans, np.minimum(rows + 1 - 1 / rows, most), node, passes)
        stretch[:, node] = here * passes.share_at(here)
    saved = _saved(plans, ask, rows)
    return Meeting(used_by(saved), used_by(_saved(plans, ask, most)), rows, stretch, saved)


def filled(plans: Layouts, row: int, graph: Graph, ask: Demand) -> dict[str, Passes]:
    """The passes of a placement's steps that may take several frames."""
    found = {
        graph.names[node]: passes.up_to(int(plans.batches[row, plans.place[row, node]]))
        for node, passes in ask.passes.items()
    }
    return {name: passes for name, passes in found.items() if passes.most > 1}


def resized(now: Mapping[str, Passes], then: Mapping[str, Passes]) -> Iterator[str]:
    """The steps whose passes differ, in words.

    >>> [*resized({"detect": Passes((1, 2), (1.0, 0.8))}, {})]
    ['up to 1 frame of detect in a pass instead of 2']
    """
    for step in dict.fromkeys((*now, *then)):
        one, other = (each[step].most if step in each else 1 for each in (now, then))
        if one != other:
            frames = "1 frame" if other == 1 else f"{other} frames"
            yield f"up to {frames} of {step} in a pass instead of {one}"


def least_passes(asks: Sequence[Demand]) -> dict[int, Passes]:
    """For each node the least that its frames take in passes of a size, in any of ``asks``."""
    found: dict[int, Passes] = {}
    for node in {node for ask in asks for node in ask.passes}:
        every = [ask.passes[node] for ask in asks if node in ask.passes]
        rows = sorted({n for each in every for n in each.rows})
        share = np.min([each.share_at(rows) for each in every], axis=0)
        found[node] = Passes(tuple(rows), tuple(share.tolist()))
    return found


def _saved(plans: Layouts, ask: Demand, rows: Floats) -> Floats:
    found = np.zeros((*rows.shape, ask.work_rate.shape[1]))
    for node, passes in ask.passes.items():
        share = passes.share_at(_here(plans, rows, node, passes))
        on = plans.work[:, :, node] * (1 - share)[:, None]
        found += on[:, :, None] * ask.work_rate[node]
    return found


def _here(plans: Layouts, rows: Floats, node: int, passes: Passes) -> Floats:
    """Frames in a pass of a node, (P,)."""
    found: Floats = rows[np.arange(len(rows)), plans.place[:, node]]
    return np.minimum(found, passes.most)
