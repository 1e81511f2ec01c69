"""All executors, to run every test of the contract on each."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.running.actors import ActorPool, RayExecutor, cluster_of
from tests.running.hosted import HostedExecutor
from tests.running.scripted import OPERATORS, no_models

from vedette.running.executor import Executor
from vedette.running.local import LocalExecutor
from vedette.running.virtual import VirtualExecutor


def served(scheme: str) -> Executor:
    """By servers that listen, where the extra ``serve`` is installed."""
    for extra in ("aiohttp", "httptools", "grpc"):
        pytest.importorskip(extra)
    from tests.running.served import ServedExecutor  # noqa: PLC0415  # needs them

    return ServedExecutor(scheme)


MAKERS: dict[str, Callable[[], Executor]] = {
    "local": lambda: LocalExecutor(OPERATORS, no_models, workers=3),
    "workers": HostedExecutor,
    "http": lambda: served("http"),
    "grpc": lambda: served("grpc"),
    "virtual": lambda: VirtualExecutor(OPERATORS, no_models),
}


@pytest.fixture(params=[*MAKERS, pytest.param("ray", marks=pytest.mark.slow)])
def executor(request: pytest.FixtureRequest) -> Executor:
    if request.param == "ray":
        return RayExecutor(request.getfixturevalue("actors"))
    return MAKERS[request.param]()


@pytest.fixture(scope="session")
def ray_nodes() -> Iterator[Any]:
    """A Ray of three nodes, of which two are the device ``cloud``."""
    with cluster_of("cloud", "cloud") as cluster:
        yield cluster


@pytest.fixture(scope="session")
def actors(ray_nodes: Any) -> ActorPool:
    return ActorPool()
