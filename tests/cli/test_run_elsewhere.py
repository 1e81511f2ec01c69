"""Who does the steps of other devices: what is told wrongly is said at once."""

import sys
from pathlib import Path

import pytest
from tests.running.scripted import plan_of
from tests.running.test_virtual import CITY, PLACES, THERE_AND_BACK

from vedette.cli.elsewhere import elsewhere
from vedette.errors import InputError
from vedette.running import on_ray
from vedette.types.plan import Deployment

NOWHERE = Path("plan.yaml")


@pytest.fixture
def plan() -> Deployment:
    return plan_of(THERE_AND_BACK, streams={"street": ("a",)}, cluster=CITY, placement=PLACES)


def test_by_default_nobody_else_does_anything(plan: Deployment) -> None:
    with elsewhere(plan, NOWHERE, [], None, executor="local", address=None) as hosts:
        assert hosts is None


def test_local_workers_are_not_mixed_with_others(plan: Deployment) -> None:
    told = ["local", "cloud=http://10.0.0.7:8000"]
    with (
        pytest.raises(InputError, match="local and cloud=http"),
        elsewhere(plan, NOWHERE, told, None, executor="local", address=None),
    ):
        pass


def test_an_address_is_that_of_a_ray_cluster(plan: Deployment) -> None:
    with pytest.raises(InputError, match="without Ray"):
        elsewhere(plan, NOWHERE, [], None, executor="local", address="10.0.0.7:6379")


def test_workers_are_no_part_of_a_ray_cluster(plan: Deployment) -> None:
    with pytest.raises(InputError, match="--workers and a Ray cluster"):
        elsewhere(plan, NOWHERE, ["local"], None, executor="ray", address=None)


def test_a_plan_with_all_steps_at_its_sources_has_nothing_for_ray(plan: Deployment) -> None:
    with pytest.raises(InputError, match="all steps where its sources are"):
        elsewhere(plan_of([]), NOWHERE, [], None, executor="ray", address=None)


def test_a_ray_that_is_not_installed_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"vedette\[ray\]"):
        on_ray.ray()
