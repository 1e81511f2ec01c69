"""Segments of scripted plans behind servers that listen on this machine: real sockets, real bytes.

What :mod:`tests.running.hosted` does in memory, over HTTP or gRPC.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from tests.running.hosted import QUICK, SCRIPTED, cut
from tests.running.scripted import OPERATORS, no_models
from tests.serve.running import listening

from vedette.models.endpoint import Access, Endpoint, connect
from vedette.running.local import LocalExecutor
from vedette.running.remote import Hosts
from vedette.running.sequence import Patience
from vedette.serve.repository import Key, Opener
from vedette.serve.segment_model import Bounds, SegmentModel
from vedette.serve.server import Server, Settings
from vedette.types.plan import Deployment

ANY_PORTS = Settings(port=0, grpc_port=0)
PATIENT = replace(QUICK, silence_s=10.0)
"""A busy machine is no lost worker."""


class ServedExecutor(LocalExecutor):
    """A local executor of which every step is done by servers, ``workers`` of each device.

    They live as long as a run does, with the operators that the executor has by then.
    """

    def __init__(
        self,
        scheme: str,
        *,
        workers: int = 1,
        settings: Settings = ANY_PORTS,
        access: Access | None = None,
        bounds: Bounds | None = None,
        patience: Patience = PATIENT,
    ) -> None:
        super().__init__(OPERATORS, no_models, workers=3)
        self._scheme, self._count, self._settings = scheme, workers, settings
        self._access, self._room, self._patience = access, bounds or Bounds(), patience

    def run(self, plan: Deployment, *given: Any, **named: Any) -> Any:
        devices = frozenset(plan.placement[step.name] for step in plan.workflow.steps)
        with ExitStack() as scope:
            addresses = {
                device: [
                    self._address(scope.enter_context(self._listening(plan, device)))
                    for _ in range(self._count)
                ]
                for device in sorted(devices)
            }

            def connected(device: str) -> Sequence[Endpoint]:
                return [connect(each, self._access) for each in addresses[device]]

            self._hosts = Hosts(devices, connected, patience=self._patience, codec=SCRIPTED)
            return super().run(plan, *given, **named)

    def _listening(self, plan: Deployment, device: str) -> Any:
        return listening(self._openers(plan, device), self._settings)

    def _openers(self, plan: Deployment, device: str) -> Mapping[Key, Opener]:
        operators = self._operators

        def opener(segment: Any) -> Opener:
            async def opened() -> SegmentModel:
                return SegmentModel(
                    plan, segment, operators, no_models, bounds=self._room, codec=SCRIPTED
                )

            return opened

        return {
            (each.name, "1"): opener(each) for each in cut(plan, operators) if each.device == device
        }

    def _address(self, server: Server) -> str:
        port = server.grpc_port if self._scheme.startswith("grpc") else server.port
        return f"{self._scheme}://127.0.0.1:{port}"
