"""``vedette run --executor ray``: the event table of a local run, on one machine and on two."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.network import Machine, cable
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


def script(machine: Machine, text: str, **told: object) -> list[str]:
    """A shell with network, processes and Ray's folder of its own; all in it ends with it."""
    known = {"here": machine.address, "python": sys.executable, "seconds": SECONDS}
    return machine.command(*APART, "sh", "-e", "-c", text.format(**known, **told))


def test_nodes_with_addresses_of_their_own_write_that_table(place: Path) -> None:
    if not shutil.which("unshare"):
        pytest.skip("folders of their own need unshare")
    Path("/tmp/ray").mkdir(exist_ok=True)
    env = environment(**TOKENS)
    with cable() as (head, node):
        joining = script(node, NODE, head=head.address)
        other = subprocess.Popen(joining, cwd=place, env=env)
        try:
            ran = subprocess.run(
                script(head, HEAD),
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
