"""The schemas describe what users write, and no more."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from vedette.records.nodes import parse
from vedette.records.plan import plan_text
from vedette.records.profile import write_profile
from vedette.records.schemas import NAMES, schema
from vedette.records.syntax import (
    DeviceSyntax,
    EventsSyntax,
    LinkSyntax,
    ObjectiveSyntax,
    StreamSyntax,
    Syntax,
    TransportSyntax,
    WorkflowSyntax,
)
from vedette.types.cluster import Device, Link
from vedette.types.graph import EventRule, Objective, Source, Stream, Transport, Workflow
from vedette.types.plan import Plan
from vedette.types.profile import Profile

EXAMPLES = Path(__file__).parent.parent / "declaring"
DEFAULTS = (
    (StreamSyntax, Stream("s", "u")),
    (ObjectiveSyntax, Objective()),
    (EventsSyntax, EventRule()),
    (TransportSyntax, Transport()),
    (DeviceSyntax, Device("d", "edge", 1)),
    (LinkSyntax, Link("a", "b", 1, 1, 1)),
    (WorkflowSyntax, Workflow("w", (Source("s", ()),), ())),
)
WRONG = (
    ("workflow", "name: amber", "nam: amber"),
    ("workflow", "qp: [18", "qp: [99"),
    ("workflow", "frame_f1: 0.7", "frame_f1: 0"),
    ("workflow", "wan_mbps", "wan_mbs"),
    ("workflow", "pace: live", "pace: fast"),
    ("workflow", "  track:", "  tr.ack:"),
    ("workflow", "url: camera1.mkv", "uri: camera1.mkv"),
    ("cluster", "cores: 2", "cores: -2"),
    ("cluster", "cores: 2", "cpus: 2"),
    ("cluster", "tier: edge", "tier: fog"),
    ("cluster", "rate_mbps: 10,", "rate_mbps: 10 Mbit/s,"),
)


def text_of(name: str) -> str:
    return (EXAMPLES / {"workflow": "amber.yaml", "cluster": "city.yaml"}[name]).read_text()


def validate(name: str, value: Any) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_has_a_title_and_no_id(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert schema(name)["title"].startswith("Vedette")
    assert "$id" not in schema(name)
    assert schema(name)["additionalProperties"] is False


@pytest.mark.parametrize("name", ["workflow", "cluster"])
def test_the_example_is_valid(name: str) -> None:
    validate(name, parse(text_of(name).encode(), name).root.plain())


@pytest.mark.parametrize(("name", "old", "new"), WRONG)
def test_what_a_reader_refuses_the_schema_refuses(name: str, old: str, new: str) -> None:
    assert old in text_of(name)
    plain = parse(text_of(name).replace(old, new).encode(), name).root.plain()
    with pytest.raises(jsonschema.ValidationError):
        validate(name, plain)


def test_stored_records_are_valid(plan: Plan, profile: Profile, tmp_path: Path) -> None:
    validate("plan", parse(plan_text(plan).encode(), "plan.yaml").root.plain())
    write_profile(tmp_path / "profile.json", profile)
    validate("profile", json.loads((tmp_path / "profile.json").read_text()))


@pytest.mark.parametrize(("syntax", "value"), DEFAULTS)
def test_the_defaults_in_a_schema_are_those_of_the_types(
    syntax: type[Syntax], value: object
) -> None:
    for name, field in syntax.model_fields.items():
        if (
            not field.is_required()
            and not isinstance(field.default, Syntax)
            and name not in ("back_mbps", "cascades", "models")  # these have names in a file only
        ):
            default = getattr(value, name)
            assert field.default == (list(default) if isinstance(default, tuple) else default)
