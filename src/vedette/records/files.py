"""Reading whole files within bounds, and writing them so that none is ever half there."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from vedette.errors import InputError, Place, Problem, RecordError

MOST_BYTES = 2_000_000_000


def read_bytes(
    path: Path, error: type[InputError] = RecordError, *, most_bytes: int = MOST_BYTES
) -> bytes:
    """A file's content; raises ``error`` where it is missing, a folder, unreadable or too large."""
    place = Place(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except FileNotFoundError:
        hint = "the right path; relative ones start at the current folder"
        raise error(Problem("no such file", "a file", hint, place)) from None
    except IsADirectoryError:
        raise error(Problem("a folder", "a file", "a file inside it", place)) from None
    except (OSError, ValueError) as cause:
        found = f"a file that cannot be read ({_reason(cause)})"
        raise error(Problem(found, "a file", "one that you may read", place)) from None
    if len(content) > most_bytes:
        found = f"more than {most_bytes:,} bytes"
        raise error(Problem(found, "a smaller file", "another file", place))
    if not content:
        raise error(Problem("an empty file", "content", "another file", place))
    return content


def write_bytes(path: Path, content: bytes, *, private: bool = False) -> None:
    """Put ``content`` at ``path``, wholly or not at all: a temporary name, then a rename.

    What is ``private`` nobody but its owner may read. Raises RecordError where writing fails (no
    such folder, no permission, disk full); what was at ``path`` is then untouched.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(temporary, flags, 0o600 if private else 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except (OSError, ValueError) as cause:
        found = f"a file that cannot be written ({_reason(cause)})"
        hint = "a folder that exists and may be written to, with space left"
        raise RecordError(Problem(found, "a place to write to", hint, Place(str(path)))) from None
    finally:
        with suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """A folder and those above it, where they are missing; raises RecordError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as cause:
        found = f"a folder that cannot be made ({_reason(cause)})"
        hint = "another name, in a folder that may be written to"
        raise RecordError(Problem(found, "a folder", hint, Place(str(folder)))) from None


def _reason(cause: Exception) -> str:
    return (getattr(cause, "strerror", None) or str(cause)).lower()


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut, where the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
