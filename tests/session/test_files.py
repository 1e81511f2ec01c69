"""Loading, saving and checking: by what a file holds, wholly or not at all."""

from pathlib import Path

import pytest
from tests import street as film

import vedette as vd
from vedette.errors import DeclarationError, InputError
from vedette.session.fitting import kind_of
from vedette.types.cluster import Cluster
from vedette.types.graph import Workflow
from vedette.types.plan import Plan
from vedette.types.profile import Profile


def test_declarations_are_loaded_by_what_they_hold(tmp_path: Path) -> None:
    workflow, cluster = (vd.load(path) for path in film.declare(tmp_path))
    assert isinstance(workflow, Workflow)
    assert isinstance(cluster, Cluster)


def test_declarations_that_are_saved_load_equal(tmp_path: Path) -> None:
    for path in film.declare(tmp_path):
        before = vd.load(path)
        vd.save(before, path)
        assert vd.load(path) == before


def test_nothing_is_wrong_with_files_or_values(tmp_path: Path) -> None:
    files = film.declare(tmp_path)
    (tmp_path / "gate.mkv").touch()
    workflow, cluster = map(vd.load, files)
    assert vd.check(*files) == ()
    assert vd.check(workflow, cluster) == ()  # type: ignore[arg-type]  # they are what they are


def test_a_cluster_is_checked_alone(tmp_path: Path) -> None:
    _, cluster = film.declare(tmp_path)
    assert vd.check(cluster) == ()
    cluster.write_text(film.CLUSTER.replace("cores: 2", "cores: 0"))
    (problem,) = vd.check(str(cluster))
    assert problem.place is not None
    assert problem.place.line == 5


def test_what_is_neither_is_told_by_name(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("a: 1\n")
    with pytest.raises(DeclarationError, match="neither steps nor devices"):
        vd.load(other)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.yaml", "steps: {}", "workflow"),
        ("a.yaml", "sources: {}", "workflow"),
        ("a.yaml", "devices: {}", "cluster"),
        ("a.yaml", "placement: {}", "plan"),
        ("a.json", "", "profile"),
        ("a.MP4", "", "video"),
        ("a.yaml", "[]", None),
    ],
)
def test_a_file_tells_its_kind(tmp_path: Path, name: str, text: str, kind: str | None) -> None:
    (tmp_path / name).write_text(text)
    assert kind_of(tmp_path / name) == kind


@pytest.mark.model
def test_profiles_and_plans_are_loaded_by_what_they_hold(street: Path) -> None:
    assert isinstance(vd.load(street / "profile.json"), Profile)
    assert isinstance(vd.load(street / "plan.yaml"), Plan)


@pytest.mark.model
def test_a_plan_round_trips(plan: Plan, tmp_path: Path) -> None:
    vd.save(plan, tmp_path / "plan.yaml")
    assert vd.load(tmp_path / "plan.yaml") == plan


@pytest.mark.model
def test_a_profile_round_trips_to_the_byte(street: Path, measured: Profile, tmp_path: Path) -> None:
    vd.save(measured, tmp_path / "profile.json")
    for file in sorted(street.glob("profile*")):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


@pytest.mark.model
def test_nothing_is_left_where_saving_fails(plan: Plan, measured: Profile, tmp_path: Path) -> None:
    for thing, name in ((plan, "plan.yaml"), (measured, "profile.json")):
        (tmp_path / name).mkdir()
        with pytest.raises(InputError, match="cannot be written"):
            vd.save(thing, tmp_path / name)
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
