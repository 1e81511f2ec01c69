"""The event store: events, how far each stream has come, and the states there, in one database.

SQLite (write-ahead log) by file name, other databases by URL. The events table holds no clock and
no counter: a run that was killed and resumed leaves the table of an undisturbed one. Pictures lie
beside the database as files that are named by their event's identity.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from vedette.addresses import without_secrets
from vedette.errors import Place, Problem, RecordError
from vedette.records.claim import Claim
from vedette.records.files import write_bytes
from vedette.types.commit import Commit, Identity, SavedState, plain
from vedette.types.events import Event, Incident
from vedette.types.media import Bundle, Checkpoint

Rows = Sequence[Mapping[str, Any]]
BUSY_S = 5.0
"""How long to wait for another process that writes to the same file."""

VERSION = 1
"""Of the tables; a store of another version is refused."""

_METADATA = sa.MetaData()
_VERSION = sa.Table(
    "store_version",
    _METADATA,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
)
_RUNS = sa.Table(
    "runs",
    _METADATA,
    sa.Column("workflow", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("plan", sa.String, nullable=False),
    sa.Column("is_finished", sa.Boolean, nullable=False),
)
_EVENTS = sa.Table(
    "events",
    _METADATA,
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
_CHECKPOINTS = sa.Table(
    "checkpoints",
    _METADATA,
    sa.Column("workflow", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("frame", sa.Integer, nullable=False),
    sa.Column("time_s", sa.String, nullable=False),
    sa.Column("seek", sa.String, nullable=False),
)
_STATES = sa.Table(
    "states",
    _METADATA,
    sa.Column("workflow", sa.String, primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.String, primary_key=True),
    sa.Column("step", sa.String, primary_key=True),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("arrays", sa.LargeBinary, nullable=False),
)
_INCIDENTS = sa.Table(
    "incidents",
    _METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("workflow", sa.String, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("stream", sa.String, nullable=False),
    sa.Column("detail", sa.String, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with its identity. Its picture, if any, is the file ``picture``."""

    identity: Identity
    event: Event
    picture: Path | None = None


class Store:
    """One database. ``place`` is a file name or a database URL.

    Pictures lie in the folder ``pictures``, by default ``<file name>.pictures``.
    """

    def __init__(self, place: str | Path, *, pictures: Path | None = None) -> None:
        is_url = "://" in str(place)
        file = Path("vedette.db" if is_url else place)
        self.pictures = pictures or file.parent / f"{file.name}.pictures"
        self._claims = file
        self._held: list[Claim] = []
        self._name = without_secrets(str(place))
        with _told(self._name):
            url = sa.make_url(str(place) if is_url else f"sqlite:///{place}")
            is_sqlite = url.get_backend_name() == "sqlite"
            settings = {"timeout": BUSY_S, "check_same_thread": False} if is_sqlite else {}
            self._engine = sa.create_engine(url, connect_args=settings)
            if is_sqlite:
                sa.event.listen(self._engine, "connect", _write_ahead)
            self._prepare()

    def _prepare(self) -> None:
        """Make the tables where there are none, the version first; other processes may, too."""
        with self._engine.begin() as connection:
            names = sa.inspect(connection).get_table_names()
            if "runs" in names and "store_version" not in names:
                raise RecordError(self._of_version("none"))
            connection.execute(sa.schema.CreateTable(_VERSION, if_not_exists=True))
            none_yet = sa.select(sa.literal(VERSION)).where(~sa.exists(sa.select(_VERSION)))
            connection.execute(sa.insert(_VERSION).from_select(["version"], none_yet))
            version = connection.scalar(sa.select(_VERSION.c.version))
            if version != VERSION:
                raise RecordError(self._of_version(str(version)))
            for table in _METADATA.sorted_tables:
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))

    def _of_version(self, version: str) -> Problem:
        found = f"an event store of version {version}, made by another Vedette"
        expected, hint = f"version {VERSION}", "another file name, or the Vedette that made it"
        return Problem(found, expected, hint, Place(self._name))

    def begin_run(self, workflow: str, run: int | None = None, *, plan: str = "") -> "RunSink":
        """Where a run's answers go: a new run's, or those of ``run``, which is to go on.

        ``plan`` tells plans apart (a digest will do): only the plan that began a run goes on with
        it, since states and watermarks are its own. RecordError where it is another, or where
        somebody else is at work on the run: it is this sink's until its ``release``, or until
        the store is closed. (A database by URL is guarded among runs begun in one folder.)
        """
        begun = run or self._new_run(workflow, plan)
        sink = RunSink(self, workflow, begun, self._claim(workflow, begun))
        if run is not None:
            self._go_on(sink, plan)
        self._sweep(workflow, begun)
        return sink

    def _go_on(self, sink: "RunSink", plan: str) -> None:
        mine = _RUNS.c.workflow == sink.workflow, _RUNS.c.run == sink.run
        row = {"workflow": sink.workflow, "run": sink.run, "plan": plan, "is_finished": False}
        with self.transaction() as connection:
            begun = connection.scalar(sa.select(_RUNS.c.plan).where(*mine))
            if begun in (None, plan):
                _replace(connection, _RUNS, [row])
                return
        sink.release()
        raise RecordError(self._of_another_plan(sink.workflow, sink.run))

    def _new_run(self, workflow: str, plan: str) -> int:
        """Begin a run under the next number, in one statement: no other run gets it."""
        last = sa.func.coalesce(sa.func.max(_RUNS.c.run), 0)
        row = sa.select(sa.literal(workflow), last + 1, sa.literal(plan), sa.false())
        row = row.where(_RUNS.c.workflow == workflow)
        insert = sa.insert(_RUNS).from_select(["workflow", "run", "plan", "is_finished"], row)
        with self.transaction() as connection:
            return int(connection.scalar(insert.returning(_RUNS.c.run)) or 0)

    def _claim(self, workflow: str, run: int) -> Claim:
        file = self._claims.with_name(f"{self._claims.name}.{plain(workflow)}-{run}.lock")
        with _told(str(file)):
            claim = Claim.take(file)
        if claim is None:
            found = f"run {run} of {workflow}, which is under way elsewhere"
            hint = "to wait for its end, or --fresh, which begins a run of its own"
            expected = "a run that nobody is at work on"
            raise RecordError(Problem(found, expected, hint, Place(self._name)))
        self._held.append(claim)
        return claim

    def _of_another_plan(self, workflow: str, run: int) -> Problem:
        found = f"run {run} of {workflow}, which another plan began and did not finish"
        hint = "--fresh, which begins a new run and keeps what is there, or the earlier plan"
        return Problem(found, "the plan that began it", hint, Place(self._name))

    def unfinished_run(self, workflow: str) -> int | None:
        """The last run of a workflow, if it did not come to its end."""
        query = sa.select(_RUNS).where(_RUNS.c.workflow == workflow).order_by(_RUNS.c.run.desc())
        with self.transaction() as connection:
            last = connection.execute(query.limit(1)).first()
        return None if last is None or last.is_finished else int(last.run)

    def events(self, workflow: str | None = None, run: int | None = None) -> list[StoredEvent]:
        """The committed events, ordered by identity; their pictures stay in their files."""
        query = sa.select(_EVENTS).order_by(*_EVENTS.primary_key.columns)
        if workflow is not None:
            query = query.where(_EVENTS.c.workflow == workflow)
        if run is not None:
            query = query.where(_EVENTS.c.run == run)
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return [_stored(row, self.pictures) for row in rows]

    def incidents(self, workflow: str, run: int) -> list[Incident]:
        query = sa.select(_INCIDENTS).order_by(_INCIDENTS.c.number)
        query = query.where(_INCIDENTS.c.workflow == workflow, _INCIDENTS.c.run == run)
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return [Incident(**{name: row[name] for name in _INCIDENT_FIELDS}) for row in rows]

    def _sweep(self, workflow: str, run: int) -> None:
        """Remove pictures of a run that were being written when it was killed."""
        with _told(str(self.pictures)):
            for left in self.pictures.glob(".*.jpg.*"):
                parts = left.name.removeprefix(".").split("-")
                if parts[0] == plain(workflow) and parts[3:4] == [str(run)]:
                    left.unlink(missing_ok=True)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A connection whose changes are all kept, or on an error none of them."""
        with _told(self._name), self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        for claim in self._held:
            claim.release()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RunSink:
    """Where one run's answers go. Events, watermarks and states of a commit go in together."""

    def __init__(self, store: Store, workflow: str, run: int, claim: Claim | None = None) -> None:
        self.workflow, self.run = workflow, run
        self._store, self._claim = store, claim

    def resume(self) -> Mapping[str, Commit]:
        with self._store.transaction() as connection:
            points = connection.execute(self._mine(_CHECKPOINTS)).mappings().all()
            saved = connection.execute(self._mine(_STATES)).mappings().all()
        states: dict[str, dict[str, SavedState]] = {}
        for row in saved:
            here = states.setdefault(row["stream"], {})
            here[row["step"]] = SavedState(row["text"], row["arrays"])
        checkpoints = [_checkpoint(row) for row in points]
        return {c.stream: Commit(c, states=states.get(c.stream, {})) for c in checkpoints}

    def deliver(self, step: str, bundle: Bundle) -> None:
        """Nothing: what counts is what is committed."""

    def commit(self, commits: Sequence[Commit]) -> None:
        for commit in commits:
            for step, event in (*commit.events, *commit.evidence):
                self._keep_picture(step, event)
        run = {"workflow": self.workflow, "run": self.run}
        events = [_row(self._identity(s, e), e) for commit in commits for s, e in commit.events]
        points = [{**run, **_checkpoint_row(commit.checkpoint)} for commit in commits]
        states = [{**run, **row} for commit in commits for row in _state_rows(commit)]
        with self._store.transaction() as connection:
            if events:
                connection.execute(sa.insert(_EVENTS), events)
            _replace(connection, _CHECKPOINTS, points)
            _replace(connection, _STATES, states)

    def incident(self, incident: Incident) -> None:
        row = {name: getattr(incident, name) for name in _INCIDENT_FIELDS}
        with self._store.transaction() as connection:
            row |= {"workflow": self.workflow, "run": self.run}
            connection.execute(sa.insert(_INCIDENTS), [row])

    def finish(self) -> None:
        """The sources have ended: the next run of this workflow is a new one."""
        with self._store.transaction() as connection:
            mine = (_RUNS.c.workflow == self.workflow, _RUNS.c.run == self.run)
            connection.execute(sa.update(_RUNS).where(*mine).values(is_finished=True))

    def release(self) -> None:
        """Let others go on with the run."""
        if self._claim:
            self._claim.release()

    def _identity(self, step: str, event: Event) -> Identity:
        return identity(self.workflow, step, self.run, event)

    def _keep_picture(self, step: str, event: Event) -> None:
        if not event.picture:
            return
        folder = self._store.pictures
        with _told(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
        write_bytes(folder / f"{self._identity(step, event)}.jpg", event.picture)

    def _mine(self, table: sa.Table) -> sa.Select[Any]:
        return sa.select(table).where(table.c.workflow == self.workflow, table.c.run == self.run)


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
_INCIDENT_FIELDS = ("kind", "stream", "detail", "count")
_TIMES = ("start_s", "end_s", "time_s")
_AS_THEY_ARE = ("kind", "label", "end_frame", "frame", "confidence")


def _row(name: Identity, event: Event) -> dict[str, Any]:
    return {
        **{column: getattr(name, column) for column in _IDENTITY_FIELDS},
        **{column: getattr(event, column) for column in _AS_THEY_ARE},
        **{column: str(getattr(event, column)) for column in _TIMES},
        "box": json.dumps([float(side) for side in event.box]),
        "attributes": json.dumps(dict(event.attributes), sort_keys=True, ensure_ascii=False),
    }


def _stored(row: sa.RowMapping, pictures: Path) -> StoredEvent:
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
    picture = pictures / f"{name}.jpg"
    return StoredEvent(name, event, picture if picture.is_file() else None)


def _checkpoint_row(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "stream": checkpoint.stream,
        "frame": checkpoint.frame,
        "time_s": str(checkpoint.time_s),
        "seek": json.dumps(checkpoint.seek),
    }


def _checkpoint(row: sa.RowMapping) -> Checkpoint:
    seek = json.loads(row["seek"])
    point = (int(seek[0]), int(seek[1])) if seek else None
    return Checkpoint(row["stream"], row["frame"], Fraction(row["time_s"]), point)


def _state_rows(commit: Commit) -> Iterator[dict[str, Any]]:
    for step, state in commit.states.items():
        yield {
            "stream": commit.checkpoint.stream,
            "step": step,
            "text": state.text,
            "arrays": state.arrays,
        }


def _replace(connection: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Put rows in the place of those with their keys."""
    keys = [column.name for column in table.primary_key.columns]
    matches = [table.c[key] == sa.bindparam(f"old_{key}") for key in keys]
    if rows:
        old = [{f"old_{key}": row[key] for key in keys} for row in rows]
        connection.execute(sa.delete(table).where(*matches), old)
        connection.execute(sa.insert(table), list(rows))


def _write_ahead(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")


_EXPECTED = {
    "not a database": ("a file that is no event store", "another file name"),
    "malformed": ("a damaged event store", "a copy of it, or another file name"),
    "locked": ("an event store that another process is writing to", "to end that run first"),
    "full": ("no space left for the event store", "a disk with space"),
    "unable to open": ("an event store that cannot be opened", "a folder that exists"),
    "readonly": ("an event store that may not be written to", "a file that you may write to"),
    "UNIQUE": ("two events with one identity", "an operator that gives each event its own ordinal"),
}


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Translate what the database or the file system says."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error)
        pairs = (pair for words, pair in _EXPECTED.items() if words in reason)
        found, hint = next(pairs, (f"an event store that fails ({reason})", "another place"))
        expected = "a SQLite file or the URL of a database that this may write to"
        raise RecordError(Problem(found, expected, hint, Place(name))) from error
