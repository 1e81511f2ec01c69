"""Rows that were worked out, kept so that a track which was stopped goes on where it was."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import vedette
from vedette.bench.claims import Row
from vedette.records.codec import digest
from vedette.records.files import make_folder, write_bytes

UNDECISIVE = ("apps", "bench", "cli", "interop", "reporting", "store")
"""Packages on which nothing depends that is decided, learned or run."""


def code(*modules: str) -> str:
    """A digest of the source of all that decides, learns or runs, and of ``modules`` of tracks."""
    home = Path(vedette.__file__).parent
    sources = [
        file
        for file in sorted(home.rglob("*.py"))
        if file.relative_to(home).parts[0] not in UNDECISIVE or file.name in modules
    ]
    return digest([file.read_text(encoding="utf-8") for file in sources])


class Kept:
    """A file with a row a line, each with its name and the ``mark`` of what it was made from.

    A row of another mark (another clip, other code) is as good as none, and so is a line that is no
    row.
    """

    def __init__(self, file: Path, mark: str = "") -> None:
        self._file, self._mark = file, mark
        self._rows: dict[str, tuple[str, Row]] = {}
        lines = file.read_text("utf-8", "replace").splitlines() if file.exists() else []
        for line in lines:
            with suppress(ValueError):
                name, made_from, row = json.loads(line)
                self._rows[name] = (made_from, row)

    def row(self, name: str, make: Callable[[], Row]) -> Row:
        """The row of that name; made and kept if it is not there."""
        made_from, row = self._rows.get(name, ("", {}))
        if name not in self._rows or made_from != self._mark:
            row = json.loads(json.dumps(make()))  # as it is read again
            self._rows[name] = (self._mark, row)
            lines = (json.dumps([each, *kept]) + "\n" for each, kept in self._rows.items())
            make_folder(self._file.parent)
            write_bytes(self._file, "".join(lines).encode())
        return row
