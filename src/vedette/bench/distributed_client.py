"""The client that every server is asked by: kept connections, on each one question at a time.

It shares its cores with what it asks, so that it copies no body that is large.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
import numpy as np
from uvloop import new_event_loop

from vedette.errors import Problem, VedetteError

_JOINED_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Question:
    """What is posted to ``path``; ``answer`` is what the answer must hold: one of these."""

    path: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    answer: tuple[bytes, ...] = ()

    def ensure_answered(self, status: int, *parts: bytes) -> None:
        """``parts`` are the answer's body. Raises VedetteError for another answer."""
        if status != 200 or (self.answer and not self._has_answer(b"".join(parts))):
            said = b"".join(parts)[:200].decode(errors="replace")
            found = f"status {status} and {sum(map(len, parts))} bytes: {said}"
            raise VedetteError(Problem(found, "the model's answer", "the same question by hand"))

    def _has_answer(self, body: bytes) -> bool:
        return any(each in body for each in self.answer)


@dataclass(frozen=True, slots=True)
class Asked:
    """``latency_s`` of each request, in no order; ``wall_s`` of all."""

    latency_s: tuple[float, ...]
    wall_s: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latency_s) / self.wall_s

    def latency_ms(self, quantile: float) -> float:
        """At least one request took as long, and the share ``quantile`` no longer.

        >>> Asked((0.003, 0.001, 0.002), 0.006).latency_ms(0.5)
        2.0
        """
        return 1e3 * float(np.quantile(self.latency_s, quantile, method="higher"))


def asked(address: str, question: Question, count: int, connections: int) -> Asked:
    """Ask so often, on so many connections at once. Raises VedetteError without the answer."""
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(_asked(address, question, count, connections))
    except (aiohttp.ClientError, TimeoutError) as error:
        found = f"no answer at {address}: {str(error) or type(error).__name__}"
        hint = "the same question by hand"
        raise VedetteError(Problem(found, "the model's answer", hint)) from None


async def _asked(address: str, question: Question, count: int, connections: int) -> Asked:
    left, latency_s = iter(range(count)), list[float]()
    connector = aiohttp.TCPConnector(limit=connections)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(address, connector=connector, timeout=timeout) as session:

        async def one_by_one() -> None:
            for _ in left:
                sent_s = time.perf_counter()
                async with session.post(
                    question.path, data=_payload(question.body), headers=question.headers
                ) as answer:
                    parts = [part async for part in answer.content.iter_any()]
                latency_s.append(time.perf_counter() - sent_s)
                question.ensure_answered(answer.status, *parts)

        begun_s = time.perf_counter()
        await asyncio.gather(*(one_by_one() for _ in range(connections)))
        return Asked(tuple(latency_s), time.perf_counter() - begun_s)


class _Apart(aiohttp.Payload):
    """A body that is written behind its headers; aiohttp would join them."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._size = len(body)

    async def write(self, writer: aiohttp.abc.AbstractStreamWriter) -> None:
        writer.send_headers()
        await writer.write(self._value)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return str(self._value, encoding, errors)


def _payload(body: bytes) -> bytes | _Apart:
    return body if len(body) <= _JOINED_BYTES else _Apart(body)
