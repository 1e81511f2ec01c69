"""Fixtures that every test may use."""

from pathlib import Path

import pytest

from vedette.errors import ModelError
from vedette.models.assets import Asset, fetch
from vedette.models.zoo import CLIPS, MODELS


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clips", type=Path, default=None, help="a folder of clips and labels")


@pytest.fixture(scope="session")
def clips(request: pytest.FixtureRequest) -> Path:
    """The folder of clips given on the command line."""
    folder: Path | None = request.config.getoption("--clips")
    if folder is None or not folder.is_dir():
        pytest.skip("no folder of clips was given (--clips DIR)")
    return folder.resolve()


@pytest.fixture(scope="session")
def yolox_nano() -> Path:
    """YOLOX-Nano's file in the user's cache."""
    return _fetched(MODELS["yolox-nano"].asset)


@pytest.fixture(scope="session")
def bikes() -> Path:
    """Five city shots in one file, in the user's cache."""
    return _fetched(CLIPS["bikes"])


def _fetched(asset: Asset) -> Path:
    try:
        return fetch(asset)
    except ModelError as error:
        if any(problem.expected.startswith("sha256") for problem in error.problems):
            raise
        pytest.skip(f"{asset.name} could not be fetched: {error.problems[0].found}")
