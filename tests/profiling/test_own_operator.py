"""Operators that a user wrote are measured like ours, in processes that import their script."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("own_operator.py")


@pytest.mark.slow
@pytest.mark.model
def test_a_scripts_own_operator_is_measured(street: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(street)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "([\"('half.offset', 1)\", \"('transport.qp', 26)\"], 13)\n"
