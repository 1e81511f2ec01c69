"""The tables of the event store, and how events and checkpoints lie in their rows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vedette.records.files import write_bytes
from vedette.types.commit import Commit, Identity
from vedette.types.events import Event
from vedette.types.media import Checkpoint

VERSION = 1
"""Of the tables; a store of another version is refused."""

METADATA = sa.MetaData()
STORE_VERSION = sa.Table(
    "store_version",
    METADATA,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)
RUNS = sa.Table(
    "runs",
    METADATA,
    sa.Column("workflow", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("plan", sa.String, nullable=False),
    sa.Column("is_finished", sa.Boolean, nullable=False),
)
EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("workflow", sa.String, primary_key=True),
    sa.Column("step", sa.String, primary_key=True),
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("start_frame", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("label", sa.String, nullable=False),
    sa.Column("end_frame", sa.Integer, nullable=False),
    sa.Column("frame", sa.Integer, nullable=False),
    sa.Column("start_s", sa.String, nullable=False),  # exact, as "7/25"
    sa.Column("end_s", sa.String, nullable=False),
    sa.Column("time_s", sa.String, nullable=False),
    sa.Column("box", sa.String, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("attributes", sa.String, nullable=False),
)
CHECKPOINTS = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("workflow", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("frame", sa.Integer, nullable=False),
    sa.Column("time_s", sa.String, nullable=False),
    sa.Column("seek", sa.String, nullable=False),
)
STATES = sa.Table(
    "states",
    METADATA,
    sa.Column("workflow", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("step", sa.String, primary_key=True),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("arrays", sa.LargeBinary, nullable=False),
)
INCIDENTS = sa.Table(
    "incidents",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("workflow", sa.String, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("stream", sa.String, nullable=False),
    sa.Column("detail", sa.String, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
)
CALIBRATIONS = sa.Table(
    "calibrations",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("workflow", sa.String, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),  # 0 where it was a rehearsal
    sa.Column("plan", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("unit", sa.String, nullable=False),
    sa.Column("forecast", sa.Float, nullable=False),
    sa.Column("found", sa.Float, nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("label", sa.String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its identity. Its picture, if any, is the file ``picture``."""

    identity: Identity
    event: Event
    picture: Path | None = None


def identity(workflow: str, step: str, run: int, event: Event) -> Identity:
    return Identity(workflow, step, event.stream, run, event.start_frame, event.ordinal)


def as_json(stored: StoredEvent) -> str:
    """One event as a line of JSON; times are seconds, the picture is a file name."""
    name, event = stored.identity, stored.event
    record = {
        **{column: getattr(name, column) for column in _IDENTITY_FIELDS},
        **{column: getattr(event, column) for column in ("kind", "label", "end_frame", "frame")},
        **{column: float(getattr(event, column)) for column in _TIMES},
        "box": list(event.box),
        "confidence": event.confidence,
        "attributes": dict(event.attributes),
        "picture": stored.picture.name if stored.picture else None,
    }
    return json.dumps(record, ensure_ascii=False)


def export_json_lines(events: Sequence[StoredEvent], path: Path) -> None:
    """Write events as JSON lines, wholly or not at all."""
    write_bytes(path, "".join(f"{as_json(each)}\n" for each in events).encode())


_IDENTITY_FIELDS = ("workflow", "step", "stream", "run", "start_frame", "ordinal")
FORECAST_FIELDS = ("name", "unit", "forecast", "found", "by", "label")
INCIDENT_FIELDS = ("kind", "stream", "detail", "count")
_TIMES = ("start_s", "end_s", "time_s")
_AS_THEY_ARE = ("kind", "label", "end_frame", "frame", "confidence")


def event_row(name: Identity, event: Event) -> dict[str, Any]:
    return {
        **{column: getattr(name, column) for column in _IDENTITY_FIELDS},
        **{column: getattr(event, column) for column in _AS_THEY_ARE},
        **{column: str(getattr(event, column)) for column in _TIMES},
        "box": json.dumps([float(side) for side in event.box]),
        "attributes": json.dumps(dict(event.attributes), sort_keys=True, ensure_ascii=False),
    }


def stored_event(row: sa.RowMapping, pictures: Path) -> StoredEvent:
    name = Identity(**{column: row[column] for column in _IDENTITY_FIELDS})
    x0, y0, x1, y1 = json.loads(row["box"])
    times: dict[str, Any] = {column: Fraction(row[column]) for column in _TIMES}
    event = Event(
        stream=row["stream"],
        start_frame=row["start_frame"],
        ordinal=row["ordinal"],
        box=(x0, y0, x1, y1),
        attributes=json.loads(row["attributes"]),
        **times,
        **{column: row[column] for column in _AS_THEY_ARE},
    )
    picture = pictures / f"{name}.webp"
    return StoredEvent(name, event, picture if picture.is_file() else None)


def checkpoint_row(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "stream": checkpoint.stream,
        "frame": checkpoint.frame,
        "time_s": str(checkpoint.time_s),
        "seek": json.dumps(checkpoint.seek),
    }


def checkpoint_of(row: sa.RowMapping) -> Checkpoint:
    seek = json.loads(row["seek"])
    point = (int(seek[0]), int(seek[1])) if seek else None
    return Checkpoint(row["stream"], row["frame"], Fraction(row["time_s"]), point)


def state_rows(commit: Commit) -> Iterator[dict[str, Any]]:
    for step, state in commit.states.items():
        yield {
            "stream": commit.checkpoint.stream,
            "step": step,
            "text": state.text,
            "arrays": state.arrays,
        }
