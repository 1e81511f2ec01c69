"""Files from the web: over https, continued where they stopped."""

import http.client
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from vedette.addresses import without_secrets
from vedette.errors import ModelError, Problem
from vedette.models.transfer import Order, pour, refused

ATTEMPTS = 4
TIMEOUT_S = 30


def from_web(order: Order) -> None:
    """Download a file; what an interrupted download left in the target is continued."""
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
            without_secrets(f"{order.source} did not deliver: {said}"),
            "a complete download",
            "again: it goes on where it stopped",
        )
    )


def page(url: str, limit_bytes: int) -> tuple[str, str]:
    """The text of a page and the address that it finally came from. Raises OSError."""
    _check_secure(url)
    with urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310  # checked
        _check_secure(response.url)
        return response.read(limit_bytes).decode("utf-8", "replace"), response.url


def _continue(order: Order) -> None:
    _check_secure(order.source)
    start = order.target.stat().st_size if order.target.exists() else 0
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = Request(order.source, headers=headers)  # noqa: S310  # checked
    with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
        _check_secure(response.url)
        if start and not _goes_on_at(response, start):
            start = 0
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        done = pour(response, order, total, start)
    if total is not None and done < total:
        raise ConnectionError(f"it stopped after {done} of {total} bytes")


def _goes_on_at(response: http.client.HTTPResponse, start: int) -> bool:
    ranged = response.headers.get("Content-Range", "")
    return response.status == http.client.PARTIAL_CONTENT and ranged.startswith(f"bytes {start}-")


def _check_secure(url: str) -> None:
    parts = urlsplit(url)
    loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise refused(url, "an address that starts with https (http only on this machine)")
