"""The street's declarations, profile and plan, as files that were read back."""

from pathlib import Path

import pytest

from vedette.session import load_plan, load_profile, load_workflow
from vedette.types.graph import Workflow
from vedette.types.plan import Plan
from vedette.types.profile import Profile


@pytest.fixture
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces that a user has do not count here."""
    monkeypatch.setenv("VEDETTE_CACHE", str(cache))


@pytest.fixture(scope="session")
def declared(street: Path) -> Workflow:
    return load_workflow(street / "workflow.yaml")


@pytest.fixture(scope="session")
def measured(street: Path) -> Profile:
    return load_profile(street / "profile.json")


@pytest.fixture(scope="session")
def plan(street: Path) -> Plan:
    return load_plan(street / "plan.yaml")
