"""A server as a whole: a repository behind both front ends, from listening to the last answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from vedette.errors import InputError, Problem
from vedette.models.wire import Limits, ServerMetadata
from vedette.models.wire.limits import DEFAULT
from vedette.serve import coded, configuration
from vedette.serve.app import App
from vedette.serve.guard import Guard
from vedette.serve.http import Front
from vedette.serve.message import Bounds
from vedette.serve.repository import Key, Opener, Repository
from vedette.serve.tls import Certificate

EXTENSIONS = (
    "binary_tensor_data",
    configuration.EXTENSION,
    "model_repository",
    "statistics",
    *coded.EXTENSIONS,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a server listens and whom it answers; port 0 is any, ``grpc_port`` None none.

    With a ``certificate`` both ports speak TLS, and nothing else.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    grpc_port: int | None = 8001
    token: str | None = field(default=None, repr=False)
    load_later: bool = False
    limits: Limits = DEFAULT
    certificate: Certificate | None = None


class Server:
    """Serves what ``openers`` open. Use ``async with``; ``port`` and ``grpc_port`` are real then.

    Entering raises ModelError for a model that cannot be opened, InputError for a port that is
    taken. Leaving refuses what is new and answers what was asked.
    """

    def __init__(self, openers: Mapping[Key, Opener], settings: Settings, version: str) -> None:
        guard = Guard(settings.host, settings.token)
        metadata = ServerMetadata("vedette", version, EXTENSIONS)
        self._settings = settings
        self.repository = Repository(openers)
        app = App(self.repository, metadata, guard, settings.limits)
        bounds = Bounds(body_bytes=settings.limits.body_bytes)
        self._http = Front(app.answer, app.admit, bounds)
        self._rpc = None
        if settings.grpc_port is not None:
            from vedette.serve.rpc import RpcFront  # noqa: PLC0415  # slow to import

            self._rpc = RpcFront(self.repository, metadata, guard, settings.limits)
        self.port = self.grpc_port = 0
        self.scheme = "http" if settings.certificate is None else "https"

    async def __aenter__(self) -> Self:
        try:
            if not self._settings.load_later:
                for name in dict.fromkeys(state.name for state in self.repository.index()):
                    await self.repository.load(name)
            await self._listen()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        ends = [self._http.aclose(), *([self._rpc.aclose()] if self._rpc is not None else [])]
        await asyncio.gather(*ends)  # neither accepts what is new while the other one waits
        await self.repository.aclose()

    async def _listen(self) -> None:
        settings, shown = self._settings, self._settings.certificate
        host, tls = settings.host, shown.context if shown else None
        self.port = await _listening(self._http.listen, host, settings.port, tls)
        if self._rpc is not None:
            port, credentials = settings.grpc_port or 0, shown.credentials() if shown else None
            self.grpc_port = await _listening(self._rpc.listen, host, port, credentials)


async def _listening(
    listen: Callable[[str, int, Any], Awaitable[int]], host: str, port: int, tls: Any
) -> int:
    try:
        return await listen(host, port, tls)
    except OSError as error:
        raise InputError(
            Problem(
                f"{host}:{port}, which cannot be listened on ({error.strerror or error})",
                "an address of this machine and a port that is free",
                "another --port or --grpc-port",
            )
        ) from None
