"""A server's certificate: read and held against its key before anything listens."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from vedette.errors import InputError, Place, Problem


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server shows that it is, in PEM: its own certificate first, then who vouches for it.

    ``context`` is for HTTP. gRPC takes the bytes.
    """

    chain: bytes
    key: bytes = field(repr=False)
    context: ssl.SSLContext = field(repr=False)

    @classmethod
    def read(cls, chain: Path, key: Path) -> Self:
        """Raises InputError for files that cannot be read, or do not belong together."""
        read = _bytes(chain), _bytes(key)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(chain, key, password=_nobody)
        except ssl.SSLError as error:
            raise InputError(
                Problem(
                    f"a certificate and a key that cannot be used ({error.reason or 'no PEM'})",
                    "a PEM file of certificates, and one of their private key without a password",
                    f"openssl x509 -noout -text -in {chain}",
                    Place(str(chain)),
                )
            ) from None
        return cls(*read, context)

    def credentials(self) -> Any:
        """What gRPC listens with."""
        import grpc  # noqa: PLC0415  # slow to import

        return grpc.ssl_server_credentials([(self.key, self.chain)])


def certificate(chain: Path | None, key: Path | None) -> Certificate | None:
    """What two options of the command line say; None for neither. Raises InputError for one."""
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        found = "a certificate without its key" if chain else "a key without its certificate"
        hint = "--certificate server.pem --key server.key"
        raise InputError(Problem(found, "both, or neither", hint))
    return Certificate.read(chain, key)


def _nobody() -> str:
    """Instead of asking at the terminal."""
    return ""


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            Problem(f"a file that cannot be read ({reason})", "a PEM file", place=Place(str(file)))
        ) from None
