"""What is in the wheel, and that it works where the sources are not."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import vedette

pytestmark = pytest.mark.slow

PACKAGE = Path(vedette.__file__).parent
IMPORT_ALL = """
import importlib, pkgutil, sys
import vedette
assert "site-packages" in vedette.__file__, vedette.__file__
names = [each.name for each in pkgutil.walk_packages(vedette.__path__, "vedette.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_a_wheel_has_every_file_of_the_package_and_nothing_else(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {
        str(path.relative_to(PACKAGE.parent))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == ours
    assert {"vedette/py.typed", "vedette/apps/starter/workflow.yaml"} <= inside


def test_a_wheel_names_its_extras_and_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        said = Parser().parsestr(archive.read(metadata).decode())
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    extras = {each for each in said.get_all("Requires-Dist", []) if "extra ==" in each}
    assert said["License-Expression"] == "Apache-2.0"
    assert said.get_all("Provides-Extra", []) != []
    for extra in said.get_all("Provides-Extra", []):
        assert any(f"extra == '{extra}'" in each for each in extras)


def test_a_source_archive_is_there_beside_it(built: Path) -> None:
    assert len(list(built.glob("vedette-*.tar.gz"))) == 1


@pytest.mark.parametrize("words", [["--version"], ["demo", "--help"], ["check", "--help"]])
def test_an_installed_command_answers(installed: Path, words: list[str], tmp_path: Path) -> None:
    ran = subprocess.run(
        [installed / "vedette", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "vedette" in ran.stdout


def test_an_installed_init_finds_the_files_of_its_app(installed: Path, tmp_path: Path) -> None:
    words = ["init", "rtsp://gate/main"]
    subprocess.run([installed / "vedette", *words], cwd=tmp_path, capture_output=True, check=True)
    assert (tmp_path / "workflow.yaml").exists()


def test_every_installed_module_can_be_imported(installed: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [installed / "python", "-c", IMPORT_ALL],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 100


def test_an_extra_that_is_missing_is_not_needed_to_import() -> None:
    said = "import sys, vedette.cli, vedette.session; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
