"""How the command line starts: as a module, and without the libraries that it need not have."""

import subprocess
import sys

HEAVY = ("av", "cv2", "numpy", "onnxruntime", "pydantic", "rich", "ruamel", "scipy", "sqlalchemy")


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=60, check=True
    )


def test_the_package_runs_as_a_module() -> None:
    assert "Usage: python -m vedette" in python("-m", "vedette", "--help").stdout


def test_starting_imports_no_heavy_library() -> None:
    code = f"import sys, vedette, vedette.cli; print([m for m in {HEAVY} if m in sys.modules])"
    assert python("-c", code).stdout == "[]\n"
