"""What the server's HTTP addresses take and answer, as an OpenAPI 3.1 document."""

from typing import Any

from vedette.models.wire import DTYPES, ServerMetadata

_MODEL = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
_VERSION = {"name": "version", "in": "path", "required": True, "schema": {"type": "string"}}
_JSON_BYTES = {
    "name": "Inference-Header-Content-Length",
    "in": "header",
    "description": "Where the JSON ends and the binary tensors begin.",
    "schema": {"type": "integer", "minimum": 1},
}
_PARAMETERS = {
    "type": "object",
    "additionalProperties": {"type": ["boolean", "integer", "number", "string"]},
}
_TENSOR = {
    "type": "object",
    "required": ["name", "datatype", "shape"],
    "properties": {
        "name": {"type": "string"},
        "datatype": {"enum": list(DTYPES)},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "parameters": _PARAMETERS,
        "data": {"type": "array"},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": _PARAMETERS,
        "inputs": {"type": "array", "items": _TENSOR},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "parameters": _PARAMETERS},
            },
        },
    },
}
_RESPONSE = {
    "type": "object",
    "required": ["model_name", "outputs"],
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "parameters": _PARAMETERS,
        "outputs": {"type": "array", "items": _TENSOR},
    },
}
_METADATA = {
    "type": "object",
    "required": ["name", "versions", "platform", "inputs", "outputs"],
    "properties": {"name": {"type": "string"}, "platform": {"type": "string"}},
}
_CONFIGURED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "data_type", "dims"],
        "properties": {
            "name": {"type": "string"},
            "data_type": {"type": "string", "pattern": "^TYPE_"},
            "dims": {"type": "array", "items": {"type": "integer", "minimum": -1}},
        },
    },
}
_CONFIGURATION = {
    "type": "object",
    "required": ["name", "platform", "backend", "max_batch_size", "input", "output"],
    "properties": {
        "name": {"type": "string"},
        "platform": {"type": "string"},
        "backend": {"type": "string"},
        "max_batch_size": {"type": "integer", "minimum": 0},
        "input": _CONFIGURED,
        "output": _CONFIGURED,
    },
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
    "additionalProperties": False,
}
_INDEX = {"type": "object", "properties": {"ready": {"type": "boolean"}}}
_ANYTHING: dict[str, Any] = {"type": "object"}


def document(server: ServerMetadata) -> dict[str, Any]:
    """The OpenAPI document of ``server``."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{server.name}: Open Inference Protocol V2",
            "version": server.version,
        },
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
        "paths": _paths(),
    }


def _paths() -> dict[str, Any]:
    paths = {
        "/v2": _get("Name, version and extensions", _ANYTHING),
        "/v2/health/live": _get("Whether it runs"),
        "/v2/health/ready": _get("Whether models are ready"),
        "/v2/models/stats": _get("Statistics of all models", _ANYTHING),
        "/v2/repository/index": _post("The models and their states", _INDEX, {"type": "array"}),
        "/metrics": {
            "get": _operation("Metrics", {"text/plain": {"schema": {"type": "string"}}}),
        },
        "/openapi.json": _get("This document", _ANYTHING),
    }
    for verb in ("load", "unload"):
        path = f"/v2/repository/models/{{model}}/{verb}"
        paths[path] = _post(f"{verb.capitalize()} a model", _ANYTHING) | {"parameters": [_MODEL]}
    for prefix, parameters in (
        ("/v2/models/{model}", [_MODEL]),
        ("/v2/models/{model}/versions/{version}", [_MODEL, _VERSION]),
    ):
        for verb, item in _of_model().items():
            paths[prefix + verb] = item | {"parameters": parameters}
    return paths


def _of_model() -> dict[str, dict[str, Any]]:
    infer = _post("Outputs for inputs", _REQUEST, _RESPONSE, required=True)
    infer["post"]["parameters"] = [_JSON_BYTES]
    infer["post"]["requestBody"]["content"]["application/octet-stream"] = {}
    infer["post"]["responses"]["200"]["content"]["application/octet-stream"] = {}
    return {
        "": _get("What a model takes and gives", _METADATA),
        "/ready": _get("Whether a model can be asked"),
        "/config": _get("How a model is served", _CONFIGURATION),
        "/stats": _get("Statistics of a model", _ANYTHING),
        "/infer": infer,
    }


def _get(what: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"get": _operation(what, _content(schema))}


def _post(
    what: str,
    takes: dict[str, Any],
    gives: dict[str, Any] | None = None,
    *,
    required: bool = False,
) -> dict[str, Any]:
    body = {"required": required, "content": _content(takes)}
    return {"post": _operation(what, _content(gives)) | {"requestBody": body}}


def _content(schema: dict[str, Any] | None) -> dict[str, Any]:
    return {} if schema is None else {"application/json": {"schema": schema}}


def _operation(what: str, content: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": what}
    if content:
        answer["content"] = content
    error = {"description": "An error", "content": _content(_ERROR)}
    return {"summary": what, "responses": {"200": answer, "4XX": error, "5XX": error}}
