import json
from typing import Any

import pytest

from vedette.models.wire import ModelMetadata, ModelState, ServerMetadata, TensorMetadata, WireError
from vedette.models.wire.about import encode, model_from, refusal, server_from

MODEL = ModelMetadata("m", ("1",), "onnx", (TensorMetadata("x", "FP32", (-1, 3)),), ())


def test_metadata_is_the_same_after_its_body() -> None:
    server = ServerMetadata("vedette", "1", ("binary_tensor_data",))
    index = (ModelState("m", "1", "READY"), ModelState("n", "", "UNAVAILABLE", "unloaded"))
    assert server_from(encode(server)) == server
    assert model_from(encode(MODEL)) == MODEL
    assert [ModelState(**each) for each in json.loads(encode(index))] == list(index)


def test_dimensions_written_as_text_are_read() -> None:
    assert model_from(encode(MODEL).replace(b"[-1,3]", b'["-1","3"]')) == MODEL


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"name":1}', b'{"name":"m","versions":[1]}'])
def test_what_is_no_metadata_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        model_from(body)


@pytest.mark.parametrize("shape", [b'"x"', b"[{}]", b'["x"]', b"3", b"[1e400]"])
def test_what_is_no_shape_is_refused(shape: Any) -> None:
    with pytest.raises(WireError, match="shape"):
        model_from(encode(MODEL).replace(b"[-1,3]", shape))


@pytest.mark.parametrize(
    ("body", "told"),
    [(b'{"error":"no x"}', "no x"), (b"<html>", "no reason"), (b"", "no reason")],
)
def test_a_refusal_is_told_whatever_its_body_is(body: Any, told: Any) -> None:
    error = refusal(404, body, "http://a:1")
    assert error.status == 404
    assert f"the refusal '{told}' (404) from http://a:1" in str(error)
