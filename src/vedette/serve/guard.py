"""Who may ask: whoever has the token, and without one only programs of this machine."""

import hmac
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from vedette.errors import InputError, Problem
from vedette.models.wire import wrong

LEAST_TOKEN = 16
_LOCAL = {"localhost"}


def is_loopback(host: str) -> bool:
    """Whether an address cannot be reached from another machine.

    >>> is_loopback("127.0.0.2"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() in _LOCAL


def problems(host: str, token: str | None) -> Iterator[Problem]:
    """What speaks against listening there."""
    if token is None and not is_loopback(host):
        yield Problem(
            f"the address {host} without a token",
            "a token wherever other machines can ask",
            "VEDETTE_TOKEN, or --host 127.0.0.1",
        )
    if token is not None and not (
        len(token) >= LEAST_TOKEN and token.isascii() and token.isprintable() and " " not in token
    ):
        yield Problem(
            f"a token of {len(token)} characters",
            f"{LEAST_TOKEN} or more, of ASCII without spaces",
            'python -c "import secrets; print(secrets.token_urlsafe())"',
        )


@dataclass(frozen=True, slots=True)
class Guard:
    """Decides about one request by what its headers say. Raises InputError for what is not safe.

    Without a token a page in this machine's browser must not get through either. So what names an
    ``Origin`` is refused, and a ``Host`` that is not this machine, which is how a page's own
    name is made to mean 127.0.0.1.
    """

    host: str
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        found = list(problems(self.host, self.token))
        if found:
            raise InputError(*found)

    def check(
        self, authorization: bytes | None, host: bytes | None = None, origin: bytes | None = None
    ) -> None:
        """Raises WireError: 401 or 403."""
        if self.token is not None:
            self._check_token(authorization)
        elif origin is not None or (host is not None and not is_loopback(_name_of(host))):
            raise wrong(
                "a request that a page in a browser could have made",
                "one of a program, to an address of this machine",
                "a token, on both sides",
                status=403,
            )

    def _check_token(self, authorization: bytes | None) -> None:
        scheme, _, given = (authorization or b"").partition(b" ")
        known = (self.token or "").encode()
        if scheme.lower() != b"bearer" or not hmac.compare_digest(given.strip(), known):
            raise wrong(
                "no token, or another one",
                "the header Authorization: Bearer TOKEN",
                "the token that the server was started with",
                status=401,
            )


def _name_of(host: bytes) -> str:
    text = host.decode("latin-1")
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]
