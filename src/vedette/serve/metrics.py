"""Prometheus' text of what a repository's models have done; made when it is asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import generate_latest

from vedette.errors import InputError, Problem
from vedette.models.ledger import BOUNDS_S, Durations, Ledger
from vedette.serve.repository import READY, Repository
from vedette.serve.statistics import Statistics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LABELS = ("model", "version")
_DURATIONS: tuple[tuple[str, str, Callable[[Statistics], Durations]], ...] = (
    ("request", "answered requests from the first look to the last", lambda s: s.success),
    ("queue", "waiting for the model", lambda s: s.queue),
    ("compute", "computing, the batch as a whole", lambda s: s.compute),
)
_COUNTS: tuple[tuple[str, str, Callable[[Statistics], float]], ...] = (
    ("failures", "requests that were refused or failed", lambda s: s.fail.count),
    ("inferences", "rows that were computed", lambda s: s.inferences),
    ("executions", "batches that were computed", lambda s: s.executions),
)


def exposition(repository: Repository) -> bytes:
    """All metrics in Prometheus' text format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Collector(repository))
    text: bytes = generate_latest(registry)
    return text


class _Collector:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    def collect(self) -> Iterator[Any]:
        models = list(self._repository.models())
        ready = GaugeMetricFamily("vedette_model_ready", "1 where it can be asked", labels=_LABELS)
        for state in self._repository.index():
            ready.add_metric([state.name, state.version], state.state == READY)
        yield ready
        for name, what, durations in _DURATIONS:
            family = HistogramMetricFamily(
                f"vedette_{name}_duration_seconds", f"Time of {what}.", labels=_LABELS
            )
            for key, model in models:
                found = durations(model.statistics)
                family.add_metric(key, _bounded(found.buckets()), found.total_s)
            yield family
        for name, what, count in _COUNTS:
            counter = CounterMetricFamily(f"vedette_{name}", f"Number of {what}.", labels=_LABELS)
            for key, model in models:
                counter.add_metric(key, count(model.statistics))
            yield counter


@contextmanager
def listening(ledger: Ledger, port: int) -> Iterator[int]:
    """A client's metrics at http://127.0.0.1:PORT/metrics while the context lasts; 0 is any port.

    The context is the port. Raises InputError where it is taken.
    """
    registry = CollectorRegistry()
    registry.register(_ClientCollector(ledger))
    try:
        server, thread = start_http_server(port, "127.0.0.1", registry)
    except OSError as error:
        found = f"the port {port} for metrics ({error.strerror})"
        raise InputError(Problem(found, "one that is free", "--metrics 0")) from None
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _ClientCollector:
    """A histogram of each of the four parts of requests, of which a server knows the last two."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self) -> Iterator[Any]:
        family = HistogramMetricFamily(
            "vedette_client_request_seconds",
            "Time of answered requests, by part.",
            labels=("asked", "part"),
        )
        for name, part, counts, total_s in self._ledger.histograms():
            family.add_metric((name, part), _bounded(counts), total_s)
        yield family


def _bounded(counts: list[int]) -> list[tuple[str, float]]:
    bounds = [*map(str, BOUNDS_S), "+Inf"]
    return [(bound, float(count)) for bound, count in zip(bounds, counts, strict=True)]
