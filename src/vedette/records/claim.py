"""One owner at a time among the processes of a machine; nobody owns what the dead left behind."""

import fcntl
import os
from pathlib import Path


class Claim:
    """A lock on a file name; it ends with the process, however that ends.

    ``Claim.take(path)`` is None where another claim, of this or another process, stands.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self._path, self._handle = path, handle

    @classmethod
    def take(cls, path: Path) -> "Claim | None":
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(handle)
                return None
            if _is_file(path, handle):
                return cls(path, handle)
            os.close(handle)  # its last owner removed it in between

    def release(self) -> None:
        """Let others claim the name; does nothing the second time."""
        if self._handle >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = -1


def _is_file(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
