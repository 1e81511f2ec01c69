"""A model on servers as a backend: what threads see of it."""

import gc
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from tests.models.endpoints import MEANS, ScriptedEndpoint

from vedette.errors import ModelError
from vedette.image import ArrayPicture
from vedette.models.backend import Arrays
from vedette.models.detector import HeadClassifier, Usage
from vedette.models.endpoint import Access
from vedette.models.heads import HEADS
from vedette.models.remote import Remote
from vedette.models.remote_backend import RemoteBackend
from vedette.models.replica_terms import Terms
from vedette.models.wire import ModelMetadata, TensorMetadata
from vedette.types.media import Frame, Key
from vedette.types.models import Variant


def means(batch: Arrays) -> Arrays:
    return {"means": batch["images"].mean(axis=(2, 3), keepdims=True)}


class Servers:
    """Scripted ones by address, as a backend connects to them."""

    def __init__(self, **conditions: str) -> None:
        self.conditions = conditions
        self.opened: dict[str, ScriptedEndpoint] = {}
        self.access: list[Access] = []

    def __call__(self, address: str, access: Access) -> ScriptedEndpoint:
        self.access.append(access)
        self.opened[address] = ScriptedEndpoint(
            address, means, condition=self.conditions.get(address, "up")
        )
        return self.opened[address]


BATCH = {"images": np.ones((2, 3, 8, 8), np.float32)}


def test_requests_are_shared_out_among_the_addresses() -> None:
    servers = Servers()
    backend = RemoteBackend(
        Remote("means", ("a", "b"), balancing="round-robin"), input="images", connect=servers
    )
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: backend.submit(BATCH).result(), range(20)))
    backend.close()
    assert all(answer["means"].shape == (2, 3, 1, 1) for answer in answers)
    assert {each.asked for each in servers.opened.values()} == {10}
    assert len(backend.timings()) == 20


def test_what_nobody_holds_is_closed() -> None:
    servers = Servers()
    backend = RemoteBackend(Remote("means", ("a",)), connect=servers)
    del backend
    gc.collect()
    assert servers.opened["a"].is_closed


def test_submitting_waits_while_too_many_are_under_way() -> None:
    servers = Servers()
    backend = RemoteBackend(Remote("means", ("a",), terms=Terms(in_flight=1)), connect=servers)
    servers.opened["a"].condition = "hung"
    held = [backend.submit(BATCH) for _ in range(2)]
    with ThreadPoolExecutor(1) as pool:
        third = pool.submit(partial(backend.submit, BATCH))
        assert not wait_for([third], timeout=0.05).done
        servers.opened["a"].condition = "up"
        assert third.result().result()["means"].shape == (2, 3, 1, 1)
    assert all(each.result() for each in held)
    backend.close()


def test_the_replicas_that_left_are_incidents() -> None:
    backend = RemoteBackend(Remote("means", ("a", "b")), connect=Servers(a="dead"))
    for _ in range(4):
        backend.submit(BATCH).result()
    (incident,) = backend.incidents()
    backend.close()
    assert incident.kind == "lost replica"
    assert incident.stream == "means"
    assert incident.detail.startswith("a: ")


def test_a_classifier_runs_on_it_and_tells_what_befell_it() -> None:
    backend = RemoteBackend(Remote("means", ("a",)), connect=Servers())
    usage = Usage(head=HEADS["classifier"], labels=("r", "g", "b"))
    classifier = HeadClassifier(backend, Variant("means", "means", 32), usage)
    picture = ArrayPicture(np.full((9, 16, 3), 80, np.uint8))
    frame = Frame(Key("a", 3), Fraction(1), picture, (16, 9), (0.0, 0.0, 16.0, 9.0))
    found = classifier.classify([frame, frame])
    assert found.shape == (2, 3)
    assert classifier.incidents() == []
    backend.close()


def test_no_server_there_is_told_when_the_model_is_opened() -> None:
    with pytest.raises(ModelError, match="no answer from a"):
        RemoteBackend(Remote("means", ("a",)), connect=Servers(a="dead"))


def test_a_model_with_another_input_is_told_when_it_is_opened() -> None:
    with pytest.raises(ModelError, match=r"found inputs images of means on a") as caught:
        RemoteBackend(Remote("means", ("a",)), input="picture", connect=Servers())
    assert caught.value.problems[0].expected == "the input picture"


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEDETTE_TOKEN", "swordfish")
    servers = Servers()
    RemoteBackend(Remote("means", ("a",)), connect=servers).close()
    assert servers.access == [Access(token="swordfish")]


def test_an_answer_of_another_type_is_none() -> None:
    outputs = (TensorMetadata("means", "FP64", (-1, 3, 1, 1)),)
    other = ModelMetadata("means", ("1",), "scripted", MEANS.inputs, outputs)
    backend = RemoteBackend(
        Remote("means", ("a",), terms=Terms(attempts=2, pause_s=0.0)),
        connect=lambda address, _: ScriptedEndpoint(address, means, metadata=other),
    )
    with pytest.raises(ModelError, match=r"in 2 attempts"):
        backend.submit(BATCH).result()
    backend.close()
