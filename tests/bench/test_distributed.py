"""The track of model servers: what is counted, what is claimed, and of what it is made."""

import base64
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.models.fakes import FakeBackend

from vedette.bench import (
    distributed_links,
    distributed_overhead,
    distributed_peers,
    distributed_published,
    distributed_scaling,
    distributed_throughput,
    sleeper,
    track,
)
from vedette.bench.claims import Row
from vedette.bench.distributed_client import Question, asked
from vedette.bench.distributed_links import JSON, WAYS, Messages, Noting, Pictures, rehearsed, sent
from vedette.bench.distributed_overhead import Overheads, Turn
from vedette.bench.distributed_peers import DIRECT, OURS, PEERS
from vedette.bench.servers import Command, Serving, serving
from vedette.errors import VedetteError
from vedette.models.onnx_backend import OnnxRows
from vedette.models.remote import Remote
from vedette.models.wire.rest import decode_request

FILES = Command([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "{port}"], "/")


def test_a_server_is_ready_in_its_block_and_gone_behind_it(tmp_path: Path) -> None:
    with serving([FILES]) as (server,):
        with urllib.request.urlopen(server.address, timeout=30) as answer:
            assert answer.status == 200
        assert server.cpu_s() > 0
        assert Serving(server.address, "another mark").cpu_s() == 0
    assert server.cpu_s() == 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(server.address, timeout=30)


def test_a_server_that_ends_at_once_is_told_by_its_last_words() -> None:
    command = Command([sys.executable, "-c", "raise SystemExit('no such package')"], "/")
    with pytest.raises(VedetteError, match="exit status 1: no such package"), serving([command]):
        pass


def test_an_answer_without_the_models_is_none() -> None:
    question = Question("/", b"", {}, (b"3.5",))
    question.ensure_answered(200, b'{"y": [3.5]}')
    with pytest.raises(VedetteError, match="status 500"):
        question.ensure_answered(500, b"3.5")
    with pytest.raises(VedetteError, match="12 bytes: "):
        question.ensure_answered(200, b'{"y": [3.4]}')


def test_as_many_are_asked_as_were_wanted_and_each_is_timed() -> None:
    question = Question("/nowhere", b"x", {})
    with serving([FILES]) as (server,), pytest.raises(VedetteError, match="status 501"):
        asked(server.address, question, 3, 2)


def test_every_server_is_sent_the_same_row() -> None:
    row = distributed_overhead.LOADS[0].row()
    found = decode_request(
        PEERS[-1].question(row).body, _json_bytes(PEERS[-1].question(row)), model="mean"
    )
    assert found.inputs[0].array.tolist() == [row.tolist()]
    text = base64.b64encode(row.tobytes())
    bodies = {peer.name: peer.question(row).body for peer in PEERS}
    assert text in bodies["litserve"]
    assert text in bodies["mlserver"]
    assert row.tobytes() == bodies["bentoml"] == bodies["ray"]


def _json_bytes(question: Question) -> int:
    return int(question.headers["Inference-Header-Content-Length"])


@pytest.mark.parametrize("load", distributed_overhead.LOADS)
def test_the_model_gives_the_mean_that_answers_are_held_against(
    load: distributed_overhead.Load, tmp_path: Path
) -> None:
    backend = OnnxRows(distributed_overhead.mean_model(tmp_path / "mean.onnx"))
    answer = backend.submit({"x": load.row()[None]}).result()["y"]
    assert answer.tolist() == [[3.5]]
    assert answer.tobytes() in distributed_peers.answers(load.row())


def test_peers_without_an_environment_are_listed_with_the_reason(tmp_path: Path) -> None:
    assert all(peer.python(tmp_path) is None and peer.python(None) is None for peer in PEERS)
    rows = list(distributed_overhead.rows(Overheads(TURNS, {}, {"ray": "no environment"})))
    assert rows[-1]["what"] == "ray"
    assert rows[-1]["reason"] == "no environment"


def turn(cpu_ms: float) -> Turn:
    return {"1 KB": {"cpu_ms": cpu_ms, "p50_ms": cpu_ms, "p99_ms": 9.0, "rate": 100.0}}


TURNS = {
    DIRECT: [turn(0.01), turn(0.02)],
    OURS: [turn(1.0), turn(2.0)],
    "one": [turn(4.0), turn(5.0)],
    "other": [turn(5.0), turn(4.0)],
}


def test_ours_is_held_against_the_least_of_the_others_within_each_repetition() -> None:
    cpu, p50, p99 = distributed_overhead.claims(Overheads(TURNS, {"one": "2.0"}, {}))
    assert cpu.spread == pytest.approx((0.25, 0.5))
    assert cpu.value == pytest.approx(0.375)
    assert (cpu.is_met, p50.is_met, p99.is_met) == (True, True, True)
    assert "one 2.0" in cpu.reason


def test_with_no_other_server_nothing_is_claimed() -> None:
    alone = Overheads({OURS: TURNS[OURS]}, {}, {"one": "no environment"})
    assert [claim.is_met for claim in distributed_overhead.claims(alone)] == [None] * 3


def test_throughputs_are_compared_within_a_repetition() -> None:
    rows = [
        {"a second": 9.0, "direct a second": 10.0},
        {"a second": 3.0, "direct a second": 5.0},
        {"a second": 8.0, "direct a second": 10.0},
    ]
    claim = distributed_throughput.claim(rows)
    assert (claim.value, claim.spread, claim.is_met) == (0.8, (0.6, 0.9), True)


def test_a_published_time_is_reproduced_and_its_limits_are_what_it_costs() -> None:
    row = distributed_published._row(49, 8, 74.4)
    assert abs(row["error"]) <= 0.2
    assert row["without limits s"] == pytest.approx(7 * 2.97, abs=0.05)
    held, free = distributed_published.claims([row])
    assert held.is_met
    assert free.value == pytest.approx(1.0)
    assert free.paper == pytest.approx(875.6 / 213.84)


def emulated(replicas: int, seconds: float, policy: str = "least") -> Row:
    share = 100 * 0.05 / replicas / seconds
    simulated_s = 100 * 0.05 / replicas
    return {
        "replicas": replicas,
        "policy": policy,
        "seconds": seconds,
        "of ideal": share,
        "simulated s": simulated_s,
    }


def test_scaling_is_claimed_of_eight_replicas_and_simulation_of_all() -> None:
    rows: Sequence[Row] = [emulated(1, 5.1), emulated(8, 0.65), emulated(8, 0.7, "theirs"), {}]
    ideal, held = distributed_scaling.claims(rows)
    assert ideal.value == pytest.approx(0.625 / 0.65)
    assert ideal.is_met
    assert held.value == pytest.approx(0.12)
    assert held.is_met
    assert [claim.is_met for claim in distributed_scaling.claims([])] == [None, None]


@pytest.mark.slow
def test_real_replicas_answer_every_request_and_share_the_work() -> None:
    script = [sys.executable, sleeper.__file__, "--service-ms", "1", "--port", "{port}"]
    command = Command(script, f"/v2/models/{sleeper.MODEL}/ready")
    with serving([command] * 2) as servers:
        remote = Remote(sleeper.MODEL, tuple(each.address for each in servers))
        seconds = distributed_scaling._asked(remote, distributed_scaling.ONE, 20)
        assert min(each.cpu_s() for each in servers) > 0
    assert seconds >= 20 * 0.001 / 2


@pytest.fixture
def pictures() -> Pictures:
    """Three pictures of whole numbers that a model was asked about, one by one."""
    found = Pictures()
    noting = Noting(FakeBackend(lambda batch: {"means": batch["images"].mean(axis=3)}), found)
    drawn = np.random.default_rng(0).integers(100, 108, (3, 1, 3, 32, 32)).astype(np.float32)
    for each in drawn:
        noting.submit({"images": each}).result()
    return found


def test_what_a_model_takes_and_gives_is_noted_row_by_row(pictures: Pictures) -> None:
    assert len(pictures) == len(pictures.given) == len(pictures.seconds) == 3
    assert pictures.given[0]["means"].shape == (1, 3, 32)


def test_text_is_larger_than_numbers_and_codings_are_smaller(pictures: Pictures) -> None:
    found = {way: sent(pictures.taken[0], pictures.given[0], way) for way in WAYS}
    plain = found["as it is"].there_bytes
    assert plain > 4 * 3 * 32 * 32
    assert found[JSON].there_bytes > plain > found["zstd"].there_bytes
    assert all(found[way].there_bytes < plain / 2 for way in ("int8+zstd", "jpeg 90", "h264 18"))
    assert all(each.coding_s >= 0 for each in found.values())


def test_a_slower_link_takes_what_its_bytes_take(pictures: Pictures) -> None:
    one = sent(pictures.taken[0], pictures.given[0], "as it is")
    size_bits = 8 * (one.there_bytes + one.back_bytes)
    assert one.seconds(1) - one.seconds(100) == pytest.approx(size_bits * (1e-6 - 1e-8))


def test_batches_form_of_what_waits_and_every_picture_travels_once(pictures: Pictures) -> None:
    messages = Messages(pictures, "int8+zstd")
    alone = rehearsed(messages, 3, "int8+zstd", 0.01, 1)
    together = rehearsed(messages, 3, "int8+zstd", 0.01, 2)
    assert together["a second"] > alone["a second"]
    assert 0 < together["KB there"] < alone["KB there"]
    assert together["alone ms"] == alone["alone ms"] <= alone["p50 ms"]


def test_savings_are_those_of_the_link_that_has_the_least() -> None:
    def row(what: str, mbps: float, most: int, ms: float) -> Row:
        size = {"as it is": 1000.0}.get(what, 100.0)
        return {
            "what": what,
            "Mbit/s": mbps,
            "most rows": most,
            "KB there": size,
            "KB back": 0.0,
            "alone ms": ms,
            "a second": float(most),
        }

    rows = [
        row(what, mbps, most, ms)
        for mbps, plain_ms in ((1, 1000.0), (100, 100.0))
        for what, ms in (("as it is", plain_ms), ("int8+zstd", 40.0), ("h264 18", 30.0))
        for most in (1, 8)
    ]
    size, latency, batches = distributed_links.claims(rows)
    assert size.value == pytest.approx(0.9)
    assert latency.value == pytest.approx(0.6)
    assert batches.value == pytest.approx(8.0)


def test_the_track_is_one_of_the_benchmarks() -> None:
    assert track("distributed").__name__ == "vedette.bench.distributed"  # type: ignore[attr-defined]
