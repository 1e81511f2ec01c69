"""Fixtures that every test may use."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clips", type=Path, default=None, help="a folder of clips and labels")


@pytest.fixture(scope="session")
def clips(request: pytest.FixtureRequest) -> Path:
    """The folder of clips given on the command line."""
    folder: Path | None = request.config.getoption("--clips")
    if folder is None or not folder.is_dir():
        pytest.skip("no folder of clips was given (--clips DIR)")
    return folder.resolve()
