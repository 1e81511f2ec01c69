"""YAML text for people: one line where it fits, otherwise one line an entry."""

from collections.abc import Iterator, Mapping
from typing import Any

from vedette.records.scalars import written

WIDTH = 100
INDENT = "  "


def yaml_text(value: Mapping[str, Any]) -> str:
    """Plain values (what JSON could hold) as YAML that reads back equal.

    >>> print(yaml_text({"steps": {"detect": {"run": "detect", "size": [1, 2.0]}}}), end="")
    steps:
      detect: {run: detect, size: [1, 2.0]}
    """
    return "".join(f"{line}\n" for line in _block(value, "", top=True))


def _block(value: Any, indent: str, *, top: bool = False) -> Iterator[str]:
    """The lines of a mapping or list that is not empty."""
    if isinstance(value, Mapping):
        for name, below in value.items():
            yield from _entry(f"{indent}{written(name)}:", below, indent, nested=top)
    else:
        for below in value:
            yield from _entry(f"{indent}-", below, indent)


def _entry(start: str, value: Any, indent: str, *, nested: bool = False) -> Iterator[str]:
    """``nested``: a mapping of mappings gets a line for each of them, even if it were short."""
    holds_mappings = isinstance(value, Mapping) and any(
        isinstance(below, Mapping) for below in value.values()
    )
    line = f"{start} {_flow(value)}"
    is_leaf = not isinstance(value, (Mapping, list, tuple)) or not value
    if is_leaf or (len(line) <= WIDTH and not (nested and holds_mappings)):
        yield line
    else:
        yield start
        yield from _block(value, indent + INDENT)


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            f"{{{', '.join(f'{written(name)}: {_flow(below)}' for name, below in value.items())}}}"
        )
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_flow, value))}]"
    return written(value)
