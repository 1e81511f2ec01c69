"""The head of a Ray cluster before it is joined: it is there, lets nobody in, and speaks as we do.

Ray's own TLS (``RAY_USE_TLS``) is mutual: each side shows a certificate, and believes those that
the authority both know vouches for. Ray reads all of it from the environment of each process. That
both sides were told alike is asked here first.
"""

import importlib
import os
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vedette.errors import InputError, Problem

MODE = "RAY_AUTH_MODE"
TLS = "RAY_USE_TLS"
CERTIFICATE, KEY, AUTHORITY = "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY", "RAY_TLS_CA_CERT"
REACHING_S = 10.0
ANYTHING = "/ray.rpc.NodeInfoGcsService/CheckAlive"


@dataclass(frozen=True, slots=True)
class Shown:
    """What this machine shows a cluster, and whom it believes; the contents of PEM files."""

    certificate: bytes
    key: bytes
    authority: bytes


def shown() -> Shown | None:
    """What Ray here speaks TLS with; None where it does not. Raises InputError."""
    if os.environ.get(TLS, "").lower() not in {"1", "true"}:  # as Ray reads it
        return None
    found = Shown(*(_content(name) for name in (CERTIFICATE, KEY, AUTHORITY)))
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(os.environ[AUTHORITY])
        context.load_cert_chain(os.environ[CERTIFICATE], os.environ[KEY], lambda: "")
    except ssl.SSLError as error:
        told = f"{CERTIFICATE}, {KEY} or {AUTHORITY} that cannot be used ({error.reason})"
        expected = "PEM files: a certificate and its key, without a password, and an authority"
        hint = "openssl x509 -in FILE -text"
        raise InputError(Problem(told, expected, hint)) from None
    return found


def ensure_guarded(address: str) -> None:
    """Raises InputError for a cluster that cannot be joined, or answers somebody without a token.

    It cannot where it is not there, or speaks TLS where we do not or we where it does not, or
    where one side does not believe the other's certificate.
    """
    grpc = importlib.import_module("grpc")
    mine = shown()
    with closing(_channel(grpc, address, mine)) as channel:
        try:
            channel.unary_unary(ANYTHING)(b"", timeout=REACHING_S)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                return
            why = error.code().name
            raise InputError(_unreached(address, why, is_tls=mine is not None)) from None
    found = f"the Ray cluster at {address}, which asks for no token"
    expected = "one where whoever reaches it does not run what they like"
    raise InputError(Problem(found, expected, f"{MODE}=token in the environment of ray start"))


def _content(name: str) -> bytes:
    path = os.environ.get(name)
    expected = f"a PEM file, as for ray start; {TLS} is set"
    if not path:
        raise InputError(Problem(f"no {name}", expected, f"{name}=FILE, or unset {TLS}"))
    try:
        return Path(path).read_bytes()
    except OSError as error:
        found = f"{name}={path}: {error.strerror}"
        raise InputError(Problem(found, expected, "a file that can be read here")) from None


def _channel(grpc: Any, address: str, mine: Shown | None) -> Any:
    options = [("grpc.enable_http_proxy", 0)]
    if mine is None:
        return grpc.insecure_channel(address, options)
    credentials = grpc.ssl_channel_credentials(mine.authority, mine.key, mine.certificate)
    return grpc.secure_channel(address, credentials, options)


def _unreached(address: str, why: str, *, is_tls: bool) -> Problem:
    """What keeps us from a head that does not answer."""
    try:
        distrust = _distrust(address, os.environ[AUTHORITY] if is_tls else None)
    except ssl.SSLError:
        if is_tls:
            found = f"the Ray cluster at {address}, which speaks no TLS"
            hint = f"{TLS}=1 in the environment of ray start there, or unset {TLS} here"
            return Problem(found, f"one that does, since {TLS} is set", hint)
    except OSError:
        pass
    else:
        if not is_tls:
            found = f"the Ray cluster at {address}, which speaks TLS"
            hint = f"{TLS}=1, {CERTIFICATE}, {KEY} and {AUTHORITY}, as for ray start"
            return Problem(found, f"{TLS}=1 here, too", hint)
        if distrust:
            found = f"the certificate of the Ray cluster at {address}: {distrust}"
            return Problem(found, f"one that {AUTHORITY} vouches for", "its authority's PEM file")
        found = f"no trust between the Ray cluster at {address} and this machine ({why})"
        expected = f"{CERTIFICATE} of its authority, and its own for {address.rpartition(':')[0]}"
        hint = "openssl x509 -ext subjectAltName -in FILE, of both certificates"
        return Problem(found, expected, hint)
    hint = f"ray start --head --port={address.rpartition(':')[2]} there"
    return Problem(f"no Ray cluster at {address} ({why})", "the head of one that runs", hint)


def _distrust(address: str, authority: str | None) -> str:
    """Why the certificate there is not believed, if it is not.

    Raises SSLError where no TLS is spoken, another OSError where nobody listens.
    """
    host, _, port = address.rpartition(":")
    context = ssl.create_default_context(cafile=authority)
    context.check_hostname = False  # gRPC reads names in its own way
    context.verify_mode = ssl.CERT_NONE if authority is None else ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host.strip("[]"), int(port)), REACHING_S) as raw:
        try:
            context.wrap_socket(raw).close()
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        except ConnectionError as error:
            raise ssl.SSLError(str(error)) from None
    return ""
