"""Events as lines, written when they are committed."""

import json
from pathlib import Path

import pytest
from tests.running.scripted import OPERATORS, no_models, plan_of, sources_for
from tests.running.test_executor import TELL

from vedette.errors import RecordError
from vedette.running.json_lines import JsonLinesSink
from vedette.running.virtual import VirtualExecutor


def test_every_event_is_a_line(tmp_path: Path) -> None:
    plan = plan_of(TELL, streams={"street": ("a",)})
    sink = JsonLinesSink(tmp_path / "events.jsonl", "scripted")
    report = VirtualExecutor(OPERATORS, no_models).run(plan, sources_for(plan), sink)
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert len(lines) == report.events == 7
    assert [line["ordinal"] for line in lines] == [3, 6, 9, 12, 15, 18, 21]
    assert {(line["workflow"], line["step"], line["run"]) for line in lines} == {
        ("scripted", "tell", 1)
    }


def test_a_file_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be written"):
        JsonLinesSink(tmp_path / "nowhere" / "events.jsonl", "scripted")
