"""What a newcomer types first."""

import pytest
from tests.cli.conftest import Vedette

from vedette import __version__
from vedette.cli import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_shows_an_example_of_itself(vedette: Vedette, verb: str) -> None:
    said = vedette(verb, "--help")
    assert said.status == 0
    example = said.out.partition("Example:")[2]
    assert f"vedette {verb}" in example


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_offers_json(vedette: Vedette, verb: str) -> None:
    assert "--json" in vedette(verb, "--help").out


def test_the_version_is_the_packages(vedette: Vedette) -> None:
    assert vedette("--version").out == f"vedette {__version__}\n"


def test_help_lists_every_verb(vedette: Vedette) -> None:
    listing = vedette("--help").out
    assert [verb for verb in VERBS if f" {verb} " not in listing] == []
