"""Segments behind sockets: tokens, TLS, full workers, and addresses as a run is told them."""

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("aiohttp", reason="needs the serve extra")
pytest.importorskip("httptools", reason="needs the serve extra")
pytest.importorskip("grpc", reason="needs the serve extra")

from tests.running.scripted import OPERATORS, no_models, plan_of, sources_for
from tests.running.served import ANY_PORTS, PATIENT, ServedExecutor
from tests.running.test_executor import SHARED, TELL, TWO_SOURCES
from tests.running.test_remote import committed

from vedette.errors import InputError
from vedette.models.endpoint import Access
from vedette.models.wire import WireError
from vedette.running.executor import MemorySink
from vedette.running.local import LocalExecutor
from vedette.serve.segment_model import Bounds
from vedette.serve.tls import Certificate

TOKEN = "open-sesame-open-sesame"
SECRET = replace(ANY_PORTS, token=TOKEN)
ONE = plan_of(TELL, streams={"street": ("a",)})
schemes = pytest.mark.parametrize("scheme", ["http", "grpc"])


@schemes
def test_whoever_has_the_token_gets_the_commits_of_a_local_run(scheme: str) -> None:
    plan = plan_of(SHARED, streams=TWO_SOURCES)
    executor = ServedExecutor(scheme, workers=2, settings=SECRET, access=Access(TOKEN))
    assert committed(executor, plan) == committed(LocalExecutor(OPERATORS, no_models), plan)


@schemes
def test_a_token_that_is_not_the_workers_ends_the_run_at_once(scheme: str) -> None:
    executor = ServedExecutor(scheme, settings=SECRET, access=Access("another" * 4))
    with pytest.raises(WireError) as caught:
        executor.run(ONE, sources_for(ONE), MemorySink())
    assert caught.value.status == 401


@pytest.mark.parametrize("scheme", ["https", "grpcs"])
def test_over_tls_the_commits_are_those_of_a_local_run(
    scheme: str, certificate: tuple[Path, Path]
) -> None:
    settings = replace(SECRET, certificate=Certificate.read(*certificate))
    access = Access(TOKEN, authority=certificate[0])
    executor = ServedExecutor(scheme, settings=settings, access=access)
    assert committed(executor, ONE) == committed(LocalExecutor(OPERATORS, no_models), ONE)


@schemes
def test_a_worker_with_little_room_is_given_no_more_and_loses_nothing(scheme: str) -> None:
    executor, sink = ServedExecutor(scheme, bounds=Bounds(capacity=1)), MemorySink()
    report = executor.run(ONE, sources_for(ONE, 60), sink)
    local = MemorySink()
    LocalExecutor(OPERATORS, no_models).run(ONE, sources_for(ONE, 60), local)
    assert not report.incidents
    assert sorted(map(repr, sink.commits)) == sorted(map(repr, local.commits))


@schemes
def test_workers_that_are_full_leave_the_next_stream_to_another(scheme: str) -> None:
    """All three begin at the first worker, which has room for one; the others stand by."""
    plan = plan_of(TELL, streams={"street": ("a", "b", "c")})
    plan = replace(plan, replicas={"box": 1})
    executor = ServedExecutor(scheme, workers=3, bounds=Bounds(sequences=1))
    assert committed(executor, plan) == committed(LocalExecutor(OPERATORS, no_models), plan)


@schemes
def test_a_worker_that_stays_full_ends_the_run_and_says_so(scheme: str) -> None:
    plan = plan_of(TELL, streams={"street": ("a", "b")})
    soon = replace(PATIENT, lasting_s=0.2)
    executor = ServedExecutor(scheme, bounds=Bounds(sequences=1), patience=soon)
    with pytest.raises(InputError, match="at most 1 sequences at once"):
        executor.run(plan, sources_for(plan, 10**5), MemorySink())
