"""All executors, to run every test of the contract on each."""

from collections.abc import Callable

import pytest
from tests.running.hosted import HostedExecutor
from tests.running.scripted import OPERATORS, no_models

from vedette.running.executor import Executor
from vedette.running.local import LocalExecutor
from vedette.running.virtual import VirtualExecutor

MAKERS: dict[str, Callable[[], Executor]] = {
    "local": lambda: LocalExecutor(OPERATORS, no_models, workers=3),
    "workers": HostedExecutor,
    "virtual": lambda: VirtualExecutor(OPERATORS, no_models),
}


@pytest.fixture(params=MAKERS)
def executor(request: pytest.FixtureRequest) -> Executor:
    return MAKERS[request.param]()
