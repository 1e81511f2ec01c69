"""The command line called in this process: exit status, standard output and standard error."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from vedette.cli import main


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    status: int
    out: str
    err: str


Vedette = Callable[..., Said]


@pytest.fixture
def vedette(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Vedette:
    """``vedette("plan", "workflow.yaml")``, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["vedette", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Said(int(end.value.code or 0), said.out, said.err)

    return call


@pytest.fixture
def gate(street: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The street's folder, with the tests' own cache in use."""
    monkeypatch.setenv("VEDETTE_CACHE", str(cache))
    return street
