import sys

import pytest

from vedette.bench.processes import ended
from vedette.errors import VedetteError

WORKS = """
import json, subprocess, sys, time
first = time.monotonic()
subprocess.run([sys.executable, "-c", "sum(n * n for n in range(1_500_000))"])
json.dump({"frames": 3, "first": first}, sys.stdout)
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_process_is_charged_with_what_its_children_did() -> None:
    alone = ended(python("print('{}')"))
    with_child = ended(python(WORKS))
    assert with_child.cpu_s > alone.cpu_s
    assert with_child.said["frames"] == 3


def test_the_first_answer_counts_from_the_start_of_the_process() -> None:
    assert ended(python("print('{}')")).first_s is None
    first_s = ended(python(WORKS)).first_s
    assert first_s is not None
    assert first_s > 0


def test_a_process_that_fails_is_quoted() -> None:
    with pytest.raises(VedetteError, match=r"exit status 1: ValueError: no such clip"):
        ended(python("raise ValueError('no such clip')"))
