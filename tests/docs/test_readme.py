"""The README's own files and scripts do what it says of them."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_operator_in_the_readme_is_one(tmp_path: Path) -> None:
    _, text = blocks("python")
    file = tmp_path / "bright.py"
    asked = "from vedette.declaring.operator import signatures\nprint(signatures()['skip_dark'])\n"
    file.write_text(f"{text}\n\n{asked}", encoding="utf-8")
    ran = subprocess.run([sys.executable, file], capture_output=True, text=True, check=True)
    assert "choices=(0.0, 20.0, 40.0)" in ran.stdout


def test_the_script_in_the_readme_starts_processes_under_a_guard() -> None:
    script, _ = blocks("python")
    assert 'if __name__ == "__main__":' in script
    compile(script, "README.md", "exec")
