"""The event store: events, how far each stream has come, and the states there, in one database.

SQLite (write-ahead log) by file name, other databases by URL. The events table holds no clock and
no counter: a run that was killed and resumed leaves the table of an undisturbed one. Pictures lie
beside the database as files that are named by their event's identity.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa

from vedette.addresses import without_secrets
from vedette.errors import Place, Problem, RecordError
from vedette.records.claim import Claim
from vedette.records.files import write_bytes
from vedette.store.tables import (
    CALIBRATIONS,
    CHECKPOINTS,
    EVENTS,
    FORECAST_FIELDS,
    INCIDENT_FIELDS,
    INCIDENTS,
    METADATA,
    RUNS,
    STATES,
    STORE_VERSION,
    VERSION,
    StoredEvent,
    checkpoint_of,
    checkpoint_row,
    event_row,
    identity,
    state_rows,
    stored_event,
)
from vedette.types.commit import Commit, Identity, SavedState, Swap, plain
from vedette.types.events import Event, Incident
from vedette.types.figures import Forecast
from vedette.types.media import Bundle

Rows = Sequence[Mapping[str, Any]]
_NO_FILES = {None, "", ".", ":memory:"}
BUSY_S = 5.0
"""How long to wait for another process that writes to the same file."""


class Store:
    """One database. ``place`` is a file name or a database URL; ``name`` shows it, no password.

    Pictures lie in the folder ``pictures``, by default ``<file name>.pictures``.
    """

    def __init__(self, place: str | Path, *, pictures: Path | None = None) -> None:
        is_url = "://" in str(place)
        file = Path("vedette.db" if is_url else place)
        self.pictures = pictures or file.parent / f"{file.name}.pictures"
        self._claims = file
        self._held: list[Claim] = []
        self.name = without_secrets(str(place))
        with _told(self.name):
            url = (
                sa.make_url(str(place)) if is_url else sa.URL.create("sqlite", database=str(place))
            )
            if url.get_backend_name() == "sqlite" and url.database in _NO_FILES:
                found, expected = "a database without a file", "one that outlives the command"
                raise RecordError(Problem(found, expected, "events.db", Place(self.name)))
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
            connection.execute(sa.schema.CreateTable(STORE_VERSION, if_not_exists=True))
            none_yet = sa.select(sa.literal(VERSION)).where(~sa.exists(sa.select(STORE_VERSION)))
            connection.execute(sa.insert(STORE_VERSION).from_select(["version"], none_yet))
            version = connection.scalar(sa.select(STORE_VERSION.c.version))
            if version != VERSION:
                raise RecordError(self._of_version(str(version)))
            for table in METADATA.sorted_tables:
                connection.execute(sa.schema.CreateTable(table, if_not_exists=True))

    def _of_version(self, version: str) -> Problem:
        found = f"an event store of version {version}, made by another Vedette"
        expected, hint = f"version {VERSION}", "another file name, or the Vedette that made it"
        return Problem(found, expected, hint, Place(self.name))

    def begin_run(
        self,
        workflow: str,
        run: int | None = None,
        *,
        plan: str = "",
        swap: Swap | None = None,
    ) -> "RunSink":
        """Where a run's answers go: a new run's, or those of ``run``, which is to go on.

        ``plan`` tells plans apart (a digest will do): only the plan that began a run goes on with
        it, since states are its own, or one that takes its place by a ``swap``, which forgets the
        states of steps that are not kept. RecordError where it is another, or where somebody else
        is at work on the run: it is this sink's until its ``release``, or until the store is
        closed. (A database by URL is guarded among runs begun in one folder.)
        """
        begun = run or self._new_run(workflow, plan)
        sink = RunSink(self, workflow, begun, self._claim(workflow, begun))
        if run is not None:
            self._go_on(sink, plan, swap)
        self._sweep(workflow, begun)
        return sink

    def _go_on(self, sink: "RunSink", plan: str, swap: Swap | None) -> None:
        mine = RUNS.c.workflow == sink.workflow, RUNS.c.run == sink.run
        row = {"workflow": sink.workflow, "run": sink.run, "plan": plan, "is_finished": False}
        with self.transaction() as connection:
            begun = connection.scalar(sa.select(RUNS.c.plan).where(*mine))
            sink.is_swapped = swap is not None and begun == swap.before != plan
            if sink.is_swapped or begun in (None, plan):
                _replace(connection, RUNS, [row])
                if swap is not None and sink.is_swapped:
                    sink.forget_all_but(swap.kept, connection)
                return
        sink.release()
        raise RecordError(self._of_another_plan(sink.workflow, sink.run))

    def _new_run(self, workflow: str, plan: str) -> int:
        """Begin a run under the next number, in one statement: no other run gets it."""
        last = sa.func.coalesce(sa.func.max(RUNS.c.run), 0)
        row = sa.select(sa.literal(workflow), last + 1, sa.literal(plan), sa.false())
        row = row.where(RUNS.c.workflow == workflow)
        insert = sa.insert(RUNS).from_select(["workflow", "run", "plan", "is_finished"], row)
        with self.transaction() as connection:
            return int(connection.scalar(insert.returning(RUNS.c.run)) or 0)

    def _claim(self, workflow: str, run: int) -> Claim:
        file = self._claims.with_name(f"{self._claims.name}.{plain(workflow)}-{run}.lock")
        with _told(str(file)):
            claim = Claim.take(file)
        if claim is None:
            found = f"run {run} of {workflow}, which is under way elsewhere"
            hint = "to wait for its end, or --fresh, which begins a run of its own"
            expected = "a run that nobody is at work on"
            raise RecordError(Problem(found, expected, hint, Place(self.name)))
        self._held.append(claim)
        return claim

    def _of_another_plan(self, workflow: str, run: int) -> Problem:
        found = f"run {run} of {workflow}, which another plan began and did not finish"
        hint = "--fresh, which begins a new run, the earlier plan, or --after EARLIER, to go on"
        return Problem(found, "the plan that began it", hint, Place(self.name))

    def unfinished_run(self, workflow: str) -> int | None:
        """The last run of a workflow, if it did not come to its end."""
        query = sa.select(RUNS).where(RUNS.c.workflow == workflow).order_by(RUNS.c.run.desc())
        with self.transaction() as connection:
            last = connection.execute(query.limit(1)).first()
        return None if last is None or last.is_finished else int(last.run)

    def events(self, workflow: str | None = None, run: int | None = None) -> list[StoredEvent]:
        """The committed events, ordered by identity; their pictures stay in their files."""
        query = sa.select(EVENTS).order_by(*EVENTS.primary_key.columns)
        if workflow is not None:
            query = query.where(EVENTS.c.workflow == workflow)
        if run is not None:
            query = query.where(EVENTS.c.run == run)
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        with _read(self.name):
            return [stored_event(row, self.pictures) for row in rows]

    def incidents(self, workflow: str, run: int) -> list[Incident]:
        query = sa.select(INCIDENTS).order_by(INCIDENTS.c.number)
        query = query.where(INCIDENTS.c.workflow == workflow, INCIDENTS.c.run == run)
        with self.transaction() as connection:
            rows = connection.execute(query).mappings().all()
        return [Incident(**{name: row[name] for name in INCIDENT_FIELDS}) for row in rows]

    def calibrate(
        self, workflow: str, plan: str, forecasts: Sequence[Forecast], *, run: int = 0
    ) -> None:
        """Keep how far a plan's forecasts were from what a run, or a rehearsal (0), found."""
        told = {"workflow": workflow, "run": run, "plan": plan}
        rows = [{**told, **{n: getattr(e, n) for n in FORECAST_FIELDS}} for e in forecasts]
        if rows:
            with self.transaction() as connection:
                connection.execute(sa.insert(CALIBRATIONS), rows)

    def calibrations(self, workflow: str) -> list[Forecast]:
        """Every forecast of a workflow's plans that was held against a run, the oldest first."""
        query = sa.select(CALIBRATIONS).order_by(CALIBRATIONS.c.number)
        with self.transaction() as connection:
            rows = connection.execute(query.where(CALIBRATIONS.c.workflow == workflow)).mappings()
            return [Forecast(**{n: row[n] for n in FORECAST_FIELDS}) for row in rows]

    def _sweep(self, workflow: str, run: int) -> None:
        """Remove pictures of a run that were being written when it was killed."""
        with _told(str(self.pictures)):
            for left in self.pictures.glob(".*.webp.*"):
                parts = left.name.removeprefix(".").split("-")
                if parts[0] == plain(workflow) and parts[3:4] == [str(run)]:
                    left.unlink(missing_ok=True)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A connection whose changes are all kept, or on an error none of them."""
        with _told(self.name), self._engine.begin() as connection:
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
        self.is_swapped = False
        """Whether another plan was at work on the run until now."""

    def forget_all_but(self, kept: frozenset[str], connection: sa.Connection) -> None:
        """Drop the states of all other steps."""
        mine = STATES.c.workflow == self.workflow, STATES.c.run == self.run
        connection.execute(sa.delete(STATES).where(*mine, STATES.c.step.not_in(sorted(kept))))

    def resume(self) -> Mapping[str, Commit]:
        with self._store.transaction() as connection:
            points = connection.execute(self._mine(CHECKPOINTS)).mappings().all()
            saved = connection.execute(self._mine(STATES)).mappings().all()
        states: dict[str, dict[str, SavedState]] = {}
        for row in saved:
            here = states.setdefault(row["stream"], {})
            here[row["step"]] = SavedState(row["text"], row["arrays"])
        with _read(self._store.name):
            checkpoints = [checkpoint_of(row) for row in points]
        return {c.stream: Commit(c, states=states.get(c.stream, {})) for c in checkpoints}

    def deliver(self, step: str, bundle: Bundle) -> None:
        """Nothing: what counts is what is committed."""

    def commit(self, commits: Sequence[Commit]) -> None:
        for commit in commits:
            for step, event in (*commit.events, *commit.evidence):
                self._keep_picture(step, event)
        run = {"workflow": self.workflow, "run": self.run}
        events = [
            event_row(self._identity(s, e), e) for commit in commits for s, e in commit.events
        ]
        points = [{**run, **checkpoint_row(commit.checkpoint)} for commit in commits]
        states = [{**run, **row} for commit in commits for row in state_rows(commit)]
        with self._store.transaction() as connection:
            if events:
                connection.execute(sa.insert(EVENTS), events)
            _replace(connection, CHECKPOINTS, points)
            _replace(connection, STATES, states)

    def incident(self, incident: Incident) -> None:
        row = {name: getattr(incident, name) for name in INCIDENT_FIELDS}
        with self._store.transaction() as connection:
            row |= {"workflow": self.workflow, "run": self.run}
            connection.execute(sa.insert(INCIDENTS), [row])

    def finish(self) -> None:
        """The sources have ended: the next run of this workflow is a new one."""
        with self._store.transaction() as connection:
            mine = (RUNS.c.workflow == self.workflow, RUNS.c.run == self.run)
            connection.execute(sa.update(RUNS).where(*mine).values(is_finished=True))

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
        write_bytes(folder / f"{self._identity(step, event)}.webp", event.picture)

    def _mine(self, table: sa.Table) -> sa.Select[Any]:
        return sa.select(table).where(table.c.workflow == self.workflow, table.c.run == self.run)


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
def _read(name: str) -> Iterator[None]:
    """Rows that no run of ours wrote."""
    try:
        yield
    except (ValueError, TypeError, LookupError, ZeroDivisionError) as error:
        found, hint = _EXPECTED["malformed"]
        expected = "rows as a run writes them"
        raise RecordError(Problem(found, expected, hint, Place(name))) from error


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
