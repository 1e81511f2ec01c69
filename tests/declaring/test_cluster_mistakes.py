"""Every mistake that a cluster file can hold."""

from collections.abc import Callable

import pytest

Complaints = Callable[[str], list[str]]

MISTAKES = {
    "an unknown tier": ("tier: edge", "tier: edg", "5:16: found the text 'edg'", "try edge"),
    "a number as a word": ("cores: 2", "cores: two", "5:29: found the text 'two'", "in cores"),
    "a negative number": ("cores: 2", "cores: -2", "5:29: found -2", "above 0"),
    "an infinite number": ("cores: 2", "cores: .inf", "5:29: found inf", "a finite number"),
    "an absurd number": ("cores: 2", "cores: 5000", "5:29: found 5000", "at most 4,096"),
    "a missing number": ("cores: 2, ", "", "5:3: found no 'cores'", "a number, above 0"),
    "a unit": ("rate_mbps: 10,", "rate_mbps: 10 Mbit/s,", "9:40: found the text", "in Mbit/s"),
    "an unknown device": ("to: cloud", "to: clout", "9:22: found the name 'clout'", "try cloud"),
    "a truth value as a word": ("true", "yes", "4:38: found the text 'yes'", "true or false"),
    "a name with a dot": ("  edge:", "  ed.ge:", "5:3: found the name 'ed.ge'", "a name"),
    "links that are none": ("links:", "links: 5\nx:", "7:8: found 5", "a list of"),
    "an island": (
        "  cloud:",
        "  barn: {tier: edge, cores: 1}\n  cloud:",
        "6:3: found the d",
        "barn",
    ),
    "another tier's name": (
        "cloud: {tier: cloud",
        "cloud: {tier: edge",
        "6:3: found",
        "of its own",
    ),
    "several cameras in one": (
        "per_stream: true",
        "per_stream: true, max_replicas: 2",
        "4:",
        "where frames start",
    ),
    "a newer version": ("version: 1", "version: 9", "1:10: found 9", "a newer Vedette"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_at_its_place(
    mistake: tuple[str, str, str, str], city: str, cluster_complaints: Complaints
) -> None:
    old, new, place, advice = mistake
    assert old in city
    first, *_ = [
        complaint
        for complaint in cluster_complaints(city.replace(old, new, 1))
        if complaint.startswith(f"cluster.yaml:{place}")
    ]
    assert advice in first


def test_a_link_to_the_same_device_or_twice_is_reported(
    city: str, cluster_complaints: Complaints
) -> None:
    twice = "  - {from: edge, to: camera, rate_mbps: 1, rtt_ms: 1}\n"
    loop = "  - {from: edge, to: edge, rate_mbps: 1, rtt_ms: 1}\n"
    second, itself = cluster_complaints(city + twice + loop)
    assert second.startswith("cluster.yaml:10:5: found a second link between 'edge' and 'camera'")
    assert itself.startswith("cluster.yaml:11:22: found a link from 'edge' to itself")


def test_a_cluster_needs_a_camera(city: str, cluster_complaints: Complaints) -> None:
    text = city.replace("camera: {tier: camera", "corner: {tier: edge").replace("camera", "corner")
    (complaint,) = cluster_complaints(text)
    assert complaint.startswith("cluster.yaml:3:1: found no device of tier camera")


def test_a_cluster_without_devices_says_only_that(
    city: str, cluster_complaints: Complaints
) -> None:
    missing, unknown = cluster_complaints(city.replace("devices:", "machines:"))
    assert "found no 'devices'" in missing
    assert "found the key 'machines'" in unknown
