"""Links, taken one way or the other."""

from vedette.types.cluster import Cluster, Link

Way = tuple[Link, bool]
"""A link and whether it is taken forward."""


def is_per_stream(cluster: Cluster, link: Link) -> bool:
    return cluster.device(link.source).per_stream or cluster.device(link.target).per_stream


def rate_mbps(way: Way) -> float:
    link, is_forward = way
    return link.rate_mbps if is_forward else link.back_mbps


def way_name(way: Way) -> str:
    """A link's direction, as ``edge->cloud``."""
    link, is_forward = way
    return f"{link.source}->{link.target}" if is_forward else f"{link.target}->{link.source}"
