"""The machines and links that a plan may use, with their prices."""

from dataclasses import dataclass
from typing import Literal

Tier = Literal["camera", "edge", "cloud"]


@dataclass(frozen=True, slots=True)
class Device:
    """A machine, or with ``per_stream`` one such machine beside every stream (its camera).

    ``speed`` is relative to the reference machine, which does one pass of YOLOX-Nano 416 in 7.7
    CPU ms; ``encoder`` names a codec that costs this device no core. Of ``max_replicas`` machines
    like it a plan uses as many as the planner chooses, each at ``price_per_hour``. A model there
    takes up to ``max_batch`` frames in one pass, as many as the planner chooses.
    """

    name: str
    tier: Tier
    cores: float
    speed: float = 1.0
    memory_gb: float = 4.0
    price_per_hour: float = 0.0
    encoder: str | None = None
    per_stream: bool = False
    max_replicas: int = 1
    max_batch: int = 1


@dataclass(frozen=True, slots=True)
class Link:
    """Carries bytes from ``source`` to ``target`` and answers back, each way at its own rate.

    A link of a ``per_stream`` device exists once per stream. ``price_per_gb`` is charged for both
    directions (1 GB is 10^9 bytes).
    """

    source: str
    target: str
    rate_mbps: float
    back_mbps: float
    rtt_ms: float
    price_per_gb: float = 0.0


@dataclass(frozen=True, slots=True)
class Cluster:
    name: str
    devices: tuple[Device, ...]
    links: tuple[Link, ...]
    version: int = 1

    def device(self, name: str) -> Device:
        return next(device for device in self.devices if device.name == name)

    def is_camera_link(self, link: Link) -> bool:
        """Whether a link's bytes count as camera to edge: one end is a camera, none the cloud."""
        tiers = self._tiers(link)
        return "camera" in tiers and "cloud" not in tiers

    def is_wan_link(self, link: Link) -> bool:
        """Whether a link's bytes count as the WAN's: exactly one end is the cloud.

        So a camera that is linked to the cloud directly uses the WAN, and only that.
        """
        return self._tiers(link).count("cloud") == 1

    def _tiers(self, link: Link) -> tuple[Tier, Tier]:
        return self.device(link.source).tier, self.device(link.target).tier

    def route(self, start: str, end: str) -> tuple[tuple[Link, bool], ...]:
        """The fewest links from one device to another, each with whether it is taken forward.

        Empty when they are the same device. Raises KeyError when no path exists.
        """
        paths: list[tuple[str, tuple[tuple[Link, bool], ...]]] = [(start, ())]
        seen = {start}
        for place, path in paths:
            if place == end:
                return path
            for link in self.links:
                for here, there, forward in (
                    (link.source, link.target, True),
                    (link.target, link.source, False),
                ):
                    if here == place and there not in seen:
                        seen.add(there)
                        paths.append((there, (*path, (link, forward))))
        raise KeyError((start, end))
