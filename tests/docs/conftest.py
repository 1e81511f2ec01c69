"""The pages, and the script that makes one of them."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="session")
def made_reference() -> Callable[[], str]:
    """What writes the reference from the code."""
    found: Callable[[], str] = runpy.run_path(str(DOCS / "make_reference.py"))["reference"]
    return found


@pytest.fixture(scope="session")
def reference() -> str:
    return (DOCS / "reference.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def guide() -> str:
    return (DOCS / "guide.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def error_index() -> str:
    return (DOCS / "errors.md").read_text(encoding="utf-8")
