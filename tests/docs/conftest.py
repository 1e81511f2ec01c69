"""The pages, and the script that makes some of them."""

import runpy
from typing import Any

import pytest
from tests.docs.pages import DOCS


@pytest.fixture(scope="session")
def maker() -> dict[str, Any]:
    """The names of the script that writes the reference from the code."""
    return runpy.run_path(str(DOCS / "make_reference.py"))


@pytest.fixture(scope="session")
def reference() -> str:
    """The reference's pages, one after another."""
    pages = sorted((DOCS / "reference").glob("*.md"))
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


@pytest.fixture(scope="session")
def written() -> str:
    """The pages on declaring and doing, which people wrote."""
    pages = [DOCS / "declaring.md", *sorted((DOCS / "howto").glob("*.md"))]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


@pytest.fixture(scope="session")
def declaring() -> str:
    return (DOCS / "declaring.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def error_index() -> str:
    return (DOCS / "errors.md").read_text(encoding="utf-8")
