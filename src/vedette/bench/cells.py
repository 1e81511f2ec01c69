"""The cells of the ep track: the reference cluster, and one thing of it changed at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from vedette.types.cluster import Cluster, Link
from vedette.types.graph import Workflow

WAN_MBPS = (1, 2, 5, 20, 50, 100)
RTT_MS = (5, 10, 20, 70, 100)
EDGE_SPEED = (0.1, 0.25, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Cell:
    """``name`` says what differs from the reference cluster."""

    name: str
    cluster: Callable[[Cluster], Cluster] = lambda cluster: cluster
    deliver_to: str = "edge"

    def asked(self, workflow: Workflow) -> Workflow:
        return replace(workflow, deliver_to=self.deliver_to)


def cells(*, is_quick: bool) -> Iterator[Cell]:
    """The reference first; the two that differ most from it where it should be quick."""
    yield Cell("reference")
    for mbps in WAN_MBPS if not is_quick else ():
        wan = partial(replace, rate_mbps=mbps, back_mbps=mbps)
        yield Cell(f"WAN {mbps} Mbit/s", _with_link(wan))
    for rtt_ms in RTT_MS if not is_quick else (100,):
        yield Cell(f"RTT {rtt_ms} ms", _with_link(partial(replace, rtt_ms=rtt_ms)))
    for speed in EDGE_SPEED if not is_quick else (0.1,):
        yield Cell(f"edge speed {speed:g}", _with_edge(speed))
    if not is_quick:
        yield Cell("answers in the cloud", deliver_to="cloud")


def _with_link(change: Callable[[Link], Link]) -> Callable[[Cluster], Cluster]:
    def changed(cluster: Cluster) -> Cluster:
        links = (change(link) if cluster.is_wan_link(link) else link for link in cluster.links)
        return replace(cluster, links=tuple(links))

    return changed


def _with_edge(speed: float) -> Callable[[Cluster], Cluster]:
    def changed(cluster: Cluster) -> Cluster:
        devices = (
            replace(each, speed=speed) if each.tier == "edge" else each for each in cluster.devices
        )
        return replace(cluster, devices=tuple(devices))

    return changed
