"""The published JSON Schemas, made from the types that the files are read with."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from vedette.records.profile import ProfileRecord
from vedette.records.syntax import ClusterSyntax, WorkflowSyntax
from vedette.types.cascade import Cascade
from vedette.types.events import Event
from vedette.types.plan import Plan

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS: Mapping[str, tuple[Any, str]] = {
    "workflow": (WorkflowSyntax, "Vedette workflow (workflow.yaml)"),
    "cluster": (ClusterSyntax, "Vedette cluster (cluster.yaml)"),
    "plan": (Plan, "Vedette plan (plan.yaml)"),
    "profile": (ProfileRecord, "Vedette profile (profile.json)"),
    "cascade": (Cascade, "Vedette cascade (cascade.json)"),
    "events": (Event, "Vedette event (a line of events.jsonl)"),
}
NAMES = tuple(_KINDS)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file; KeyError for a name that is not in ``NAMES``."""
    kind, title = _KINDS[name]
    made = _closed(TypeAdapter(kind).json_schema())
    return {"$schema": DIALECT, **made, "title": title}


def _closed(node: Any) -> Any:
    """The schema with no room for unknown keys, which the readers refuse as well."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(below) for key, below in node.items()}
    names_keys = isinstance(node.get("properties"), dict) or "patternProperties" in node
    if node.get("type") == "object" and names_keys:
        closed.setdefault("additionalProperties", False)
    return closed
