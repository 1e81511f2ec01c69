"""``vedette run --executor ray``: the event table of a local run, on one machine and on two."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.certificates import certified
from tests.network import Machine, cable
from tests.running.actors import ROOT, tls
from tests.serve.test_worker import events, place

from vedette.running.on_ray import TOKEN
from vedette.running.ray_head import MODE

__all__ = ["place"]
SECONDS = 900
TOKENS = {MODE: "token", TOKEN: "of-no-use-outside-of-these-tests"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.model,
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (the extra ray)"),
]
IN_THE_CLEAR_AND_NOT = pytest.mark.parametrize("is_tls", [False, True])
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
HEAD = """
mount -t tmpfs tmpfs /tmp/ray
ray start --head --port=6379 --node-ip-address={here} --num-cpus=0 --object-store-memory=80000000 \\
    --include-dashboard=false --labels=vedette-device=edge
touch head
until [ -e joined ]; do sleep 0.2; done
{python} -m vedette run plan.yaml --executor ray --address {here}:6379 --store {store}
"""
# Ray gives a node 30 s to start; where that was too little the head goes on, and says so.
NODE = """
trap 'touch joined' EXIT
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


def speaking(folder: Path, *addresses: str) -> dict[str, str]:
    """The environment of a Ray that speaks TLS at these addresses, and at loopback."""
    certificate = certified(folder, ("127.0.0.1", *addresses))
    return tls(certificate, certificate[0])


@IN_THE_CLEAR_AND_NOT
def test_a_ray_on_this_machine_writes_the_event_table_of_a_local_run(
    place: Path, tmp_path: Path, is_tls: bool
) -> None:
    store = place / f"ray-{is_tls}.db"
    words = ["run", "plan.yaml", "--executor", "ray", "--store", store.name]
    ran = subprocess.run(
        [sys.executable, "-m", "vedette", *words],
        cwd=place,
        env=environment(**(speaking(tmp_path) if is_tls else {})),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert events(store) == events(place / "local.db") != []


def script(machine: Machine, text: str, **told: object) -> list[str]:
    """A shell with network, processes and Ray's folder of its own; all in it ends with it."""
    known = {"here": machine.address, "python": sys.executable, "seconds": SECONDS}
    return machine.command(*APART, "sh", "-e", "-c", text.format(**known, **told))


@IN_THE_CLEAR_AND_NOT
def test_nodes_with_addresses_of_their_own_write_that_table(
    place: Path, tmp_path: Path, is_tls: bool
) -> None:
    if not shutil.which("unshare"):
        pytest.skip("folders of their own need unshare")
    Path("/tmp/ray").mkdir(exist_ok=True)
    store = place / f"apart-{is_tls}.db"
    (place / "head").unlink(missing_ok=True)
    (place / "joined").unlink(missing_ok=True)
    with cable() as (head, node):
        known = speaking(tmp_path, head.address, node.address) if is_tls else {}
        env = environment(**TOKENS, **known)
        joining = script(node, NODE, head=head.address)
        other = subprocess.Popen(joining, cwd=place, env=env)
        try:
            ran = subprocess.run(
                script(head, HEAD, store=store.name),
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
    assert events(store) == events(place / "local.db") != []
