"""``vedette run --executor ray``: the event table of a local run, on one machine and on two."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.running.actors import ROOT
from tests.serve.test_worker import events, place

from vedette.running.on_ray import MODE, TOKEN

__all__ = ["place"]
SECONDS = 900
TOKENS = {MODE: "token", TOKEN: "of-no-use-outside-of-these-tests"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (the extra ray)"),
]
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
HEAD = """
mount -t tmpfs tmpfs /tmp/ray
ray start --head --port=6379 --node-ip-address={here} --num-cpus=0 --object-store-memory=80000000 \\
    --include-dashboard=false --labels=vedette-device=edge
touch head
until [ -e joined ]; do sleep 0.2; done
{python} -m vedette run plan.yaml --executor ray --address {here}:6379 --store apart.db
"""
NODE = """
mount -t tmpfs tmpfs /tmp/ray
until [ -e head ]; do sleep 0.2; done
ray start --address={head}:6379 --node-ip-address={here} --num-cpus=0 \\
    --object-store-memory=80000000 --labels=vedette-device=cloud
touch joined
sleep {seconds}
"""


def environment(**more: str) -> dict[str, str]:
    """For processes that find Vedette and Ray where this one does."""
    path = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    words = [str(Path(sys.executable).parent), os.environ["PATH"]]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path),
        "PATH": os.pathsep.join(words),
        "RAY_USAGE_STATS_ENABLED": "0",
        **more,
    }


def test_a_ray_on_this_machine_writes_the_event_table_of_a_local_run(place: Path) -> None:
    words = ["run", "plan.yaml", "--executor", "ray", "--store", "ray.db"]
    ran = subprocess.run(
        [sys.executable, "-m", "vedette", *words],
        cwd=place,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert events(place / "ray.db") == events(place / "local.db") != []


@pytest.fixture
def cable() -> Iterator[dict[str, str]]:
    """Two network namespaces with an address each, by name, and a cable between them."""
    if os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        pytest.skip("network namespaces need root, ip and unshare")
    ends = {f"vedette{os.getpid()}{end}": f"10.77.{os.getpid() % 250}.{end}" for end in (1, 2)}
    first, second = ends
    links = (f"ved{os.getpid()}a"[-15:], f"ved{os.getpid()}b"[-15:])
    try:
        try:
            for name in ends:
                ip("netns", "add", name)
            ip("link", "add", links[0], "type", "veth", "peer", "name", links[1])
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
        for (name, address), link in zip(ends.items(), links, strict=True):
            ip("link", "set", link, "netns", name)
            ip("-n", name, "addr", "add", f"{address}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield ends
    finally:
        for name in (first, second):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def in_namespace(name: str, script: str) -> list[str]:
    """A shell with network, processes and Ray's folder of its own; all in it ends with it."""
    return ["ip", "netns", "exec", name, *APART, "sh", "-e", "-c", script]


def test_nodes_with_addresses_of_their_own_write_that_table(
    place: Path, cable: dict[str, str]
) -> None:
    Path("/tmp/ray").mkdir(exist_ok=True)
    (head, head_ip), (node, node_ip) = cable.items()
    told = {"python": sys.executable, "head": head_ip, "seconds": SECONDS}
    script = NODE.format(here=node_ip, **told)
    env = environment(**TOKENS)
    other = subprocess.Popen(in_namespace(node, script), cwd=place, env=env)
    try:
        ran = subprocess.run(
            in_namespace(head, HEAD.format(here=head_ip, **told)),
            cwd=place,
            env=env,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    finally:
        other.kill()
        other.wait()
    assert ran.returncode == 0, ran.stderr
    assert events(place / "apart.db") == events(place / "local.db") != []
