"""What a verb needs beyond the plain install is said in three parts, and is no traceback."""

import importlib
import sys

import pytest
from typer.testing import CliRunner

from vedette.cli import app
from vedette.cli.extras import of_extra
from vedette.errors import InputError


def test_a_package_that_is_missing_is_named_with_the_extra_that_brings_it() -> None:
    with (
        pytest.raises(InputError, match=r"no package nowhere_at_all here") as caught,
        of_extra("x"),
    ):
        importlib.import_module("nowhere_at_all")
    assert "pip install 'vedette[x]'" in str(caught.value)


def test_a_module_of_our_own_that_is_missing_is_a_fault_of_ours() -> None:
    with pytest.raises(ModuleNotFoundError), of_extra("x"):
        importlib.import_module("vedette.nowhere")


@pytest.mark.parametrize("missing", ["prometheus_client", "httptools"])
@pytest.mark.parametrize(
    "words",
    [
        ["serve", "yolox-nano-416"],
        ["worker", "plan.yaml", "--device", "cloud"],
        ["bench", "distributed"],
    ],
)
def test_verbs_of_the_extra_serve_say_so(
    words: list[str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        each for each in sys.modules if each.startswith(("vedette.serve", "vedette.bench"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    ran = CliRunner().invoke(app, words)
    assert isinstance(ran.exception, InputError), ran.output
    assert "the extra serve" in str(ran.exception)
