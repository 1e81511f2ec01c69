"""Documents that are wrong in one or a few places, and what a command may come to on them."""

import json
import math
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from tests.fuzz.material import Said

from vedette.errors import readable

Path_ = tuple[str | int, ...]
WORDS = (
    "10 Mbps",
    "null",
    "../..",
    "a\x1b[31m",
    "a\nb",
    "source",
    "café",
    "\u202e",
    "x" * 3000,
    "",
)
NUMBERS = (0, -1, -0.0, 0.5, 1, 5000, 10**30, 1e308, 1e-308, math.inf, -math.inf, math.nan)
NESTED: tuple[Any, ...] = ([], {}, [[]], [None], ["x", "x"], {"a": 1}, {"choose": []})
CHOSEN: tuple[Any, ...] = ({"choose": [1, 1]}, {"choose": ["x"]}, {"choose": {"a": []}})
NASTY = (None, True, False, *NUMBERS, *WORDS, *NESTED, *CHOSEN)
"""What is wrong nearly everywhere."""


def many(count: int) -> settings:
    """So many examples, the same on every machine; shrinking one would take minutes."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def paths(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every element of a document."""
    yield path
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, below in children:
        yield from paths(below, (*path, key))


@st.composite
def mutated(draw: st.DrawFn, document: Any, *, most: int = 3) -> Any:
    """The document with up to ``most`` elements replaced, removed, doubled or renamed."""
    changed = deepcopy(document)
    for _ in range(draw(st.integers(1, most))):
        changed = _changed(draw, changed)
    return changed


def _changed(draw: st.DrawFn, document: Any) -> Any:
    path = draw(st.sampled_from(list(paths(document))))
    value = draw(st.sampled_from(NASTY) | st.text(max_size=8))
    if not path:
        return deepcopy(value)
    around = document
    for part in path[:-1]:
        around = around[part]
    key: Any = path[-1]
    match draw(st.sampled_from(("put", "put", "remove", "rename", "double"))):
        case "put":
            around[key] = deepcopy(value)
        case "remove":
            del around[key]
        case "rename" if isinstance(around, dict):
            around[str(value)] = around.pop(key)
        case _ if isinstance(around, dict):
            around[f"{key}2"] = deepcopy(around[key])
        case _:
            around.append(deepcopy(around[key]))
    return document


@st.composite
def spoiled(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes cut, repeated, overwritten or put in."""
    start = draw(st.integers(0, len(content)))
    end = draw(st.integers(start, min(len(content), start + 40)))
    piece = draw(st.sampled_from(PIECES) | st.binary(max_size=6))
    return content[:start] + piece + content[end:]


PIECES = (
    *(b"\t", b"\r\n", b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"---\n", b"&a ", b"*a", b"<<: "),
    *(b"!!python/object:os.system ", b"{", b"}", b"[" * 200, b"- ", b": ", b"#", b"'", b'"', b"|"),
)


def as_yaml(value: Any) -> str:
    """Flow style, which is JSON but for the numbers that JSON lacks."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)}: {as_yaml(v)}' for name, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_yaml, value))}]"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return json.dumps(value)


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file with its size and when it was written."""
    stats = {str(file): file.stat() for file in folder.rglob("*")}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def assert_told(said: Said) -> None:
    """Done, or told in three parts that a terminal shows as they stand; never a fault."""
    assert said.status in {0, 2, 3}, said.err
    if said.status == 0:
        return
    told = said.err.removesuffix("\n").split("\n")
    assert "".join(told) == readable("".join(told))
    expected = [line for line in told if line.startswith("  expected ")]
    tries = [line for line in told if line.startswith("  try ")]
    assert len(expected) == len(tries) == len(told) - len(expected) - len(tries) > 0, said.err
    assert all("found " in line for line in told if not line.startswith("  ")), said.err
