"""A workflow over a short clip, measured by one process into a cache of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from vedette.profiling.measure import workers
from vedette.profiling.sweep import Measuring, measure_profile
from vedette.session import load_workflow
from vedette.session.common import frames_of
from vedette.types.graph import Workflow
from vedette.types.profile import Profile

collect_ignore = ["own_operator.py"]
"""A script; to import it here would register its operator for all tests."""
Told = list[tuple[str, int, int]]
Measure = Callable[[Workflow, Path, Callable[[str, int, int], None]], Profile]


@pytest.fixture
def declared(street: Path) -> Workflow:
    return load_workflow(street / "workflow.yaml")


@pytest.fixture
def measure() -> Measure:
    def profile(workflow: Workflow, cache: Path, told: Callable[[str, int, int], None]) -> Profile:
        with workers(1) as pool:
            return measure_profile(workflow, Measuring(pool, frames_of(workflow), told, cache))

    return profile
