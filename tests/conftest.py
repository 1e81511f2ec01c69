"""Fixtures that every test may use."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from tests import street as film
from tests.certificates import certified

from vedette.errors import ModelError
from vedette.models.assets import Asset, fetch
from vedette.models.zoo import CLIPS, MODELS
from vedette.profiling.measure import workers
from vedette.session import load_declaration, plan, profile, save

hypothesis.settings.register_profile("vedette", deadline=None)  # a busy machine is no mistake
hypothesis.settings.load_profile("vedette")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clips", type=Path, default=None, help="a folder of clips and labels")
    parser.addoption("--triton", default=None, help="a Python that has nvidia-pytriton")


@pytest.fixture(scope="session")
def clips(request: pytest.FixtureRequest) -> Path:
    """The folder of clips given on the command line."""
    folder: Path | None = request.config.getoption("--clips")
    if folder is None or not folder.is_dir():
        pytest.skip("no folder of clips was given (--clips=DIR)")
    return folder.resolve()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine that its own file vouches for, and its key."""
    return certified(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def yolox_nano() -> Path:
    """YOLOX-Nano's file in the user's cache."""
    return _fetched(MODELS["yolox-nano"].asset)


@pytest.fixture(scope="session")
def bikes() -> Path:
    """Five city shots in one file, in the user's cache."""
    return _fetched(CLIPS["bikes"])


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory, bikes: Path, yolox_nano: Path) -> Path:
    """A cache of the tests' own, without traces; what was fetched is there."""
    folder = tmp_path_factory.mktemp("cache")
    for file in (bikes, yolox_nano):
        (folder / file.parent.name).symlink_to(file.parent)
    return folder


@pytest.fixture(scope="session")
def street(tmp_path_factory: pytest.TempPathFactory, bikes: Path, cache: Path) -> Iterator[Path]:
    """A folder of a camera's clip, what is asked of it and the machines; measured and planned.

    One process measures for all tests, since starting it takes seconds.
    """
    folder = tmp_path_factory.mktemp("street")
    film.film(bikes, folder / "gate.mkv")
    workflow, cluster = load_declaration(*film.declare(folder))
    with pytest.MonkeyPatch.context() as patch, workers(1):
        patch.setenv("VEDETTE_CACHE", str(cache))
        measured = profile(workflow)
        save(measured, folder / "profile.json")
        save(plan(workflow, cluster, measured), folder / "plan.yaml")
        patch.undo()
        yield folder


def _fetched(asset: Asset) -> Path:
    try:
        return fetch(asset)
    except ModelError as error:
        if any(problem.expected.startswith("sha256") for problem in error.problems):
            raise
        pytest.skip(f"{asset.name} could not be fetched: {error.problems[0].found}")
