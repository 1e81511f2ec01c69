"""The event store: whole commits, resuming, pictures, and files that are no store."""

import json
import sqlite3
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from vedette.errors import RecordError
from vedette.store import RunSink, Store, export_json_lines
from vedette.types.commit import Commit, SavedState
from vedette.types.events import Event, Incident
from vedette.types.figures import Forecast
from vedette.types.media import Checkpoint

EVENT = Event(
    stream="camera/1",
    kind="alert",
    label="car",
    start_frame=3,
    end_frame=9,
    start_s=Fraction(1, 3),
    end_s=Fraction(9, 10),
    frame=9,
    time_s=Fraction(9, 10),
    box=(1.0, 2.0, 3.5, 4.0),
    confidence=0.75,
    ordinal=7,
    attributes={"colour": "white", "score": 0.5},
    picture=b"WebP",
)
POINT = Checkpoint("camera/1", 10, Fraction(2, 3), (8, 1024))
COMMIT = Commit(POINT, (("alert", EVENT),), (), {"track": SavedState('{"a":1}', b"\x00\x01")})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "events.db")


@pytest.fixture
def sink(store: Store) -> RunSink:
    return store.begin_run("amber")


def test_an_event_comes_back_exactly_but_for_its_picture(store: Store, sink: RunSink) -> None:
    sink.commit([COMMIT])
    (stored,) = store.events("amber", 1)
    assert stored.event == replace(EVENT, picture=b"")


def test_the_picture_is_a_file_named_by_identity(store: Store, sink: RunSink) -> None:
    sink.commit([COMMIT])
    (stored,) = store.events()
    assert stored.picture is not None
    assert stored.picture.name == "amber-alert-camera%2f1-1-3-7.webp"
    assert stored.picture.read_bytes() == b"WebP"


def test_a_picture_that_was_half_written_is_swept_up_on_resuming(
    store: Store, sink: RunSink
) -> None:
    sink.commit([COMMIT])
    left = store.pictures / ".amber-alert-camera%2f1-1-3-7.webp.0123abcd"
    others = store.pictures / ".amber-alert-camera%2f1-2-3-7.webp.0123abcd"
    for file in (left, others):
        file.write_bytes(b"JP")
    sink.release()
    store.begin_run("amber", 1)
    assert (left.exists(), others.exists()) == (False, True)


def test_evidence_brings_only_a_picture(store: Store, sink: RunSink) -> None:
    bare = replace(EVENT, picture=b"")
    sink.commit([replace(COMMIT, events=(("alert", bare),), evidence=(("alert", EVENT),))])
    (stored,) = store.events()
    assert stored.picture is not None


def test_a_run_resumes_at_its_last_commit(store: Store, sink: RunSink) -> None:
    sink.commit([COMMIT])
    later = Checkpoint("camera/1", 20, Fraction(4, 3))
    sink.commit([Commit(later, states={"track": SavedState("{}")})])
    sink.release()
    resumed = store.begin_run("amber", 1).resume()
    assert resumed == {"camera/1": Commit(later, states={"track": SavedState("{}")})}


def test_a_commit_is_kept_whole_or_not_at_all(store: Store, sink: RunSink) -> None:
    sink.commit([COMMIT])
    later = replace(COMMIT, checkpoint=replace(POINT, frame=20))
    with pytest.raises(RecordError, match="two events with one identity"):
        sink.commit([later])
    assert sink.resume()["camera/1"].checkpoint == POINT


def test_runs_are_numbered_and_the_last_one_may_go_on(store: Store, sink: RunSink) -> None:
    assert (sink.run, store.begin_run("other").run) == (1, 1)
    assert store.unfinished_run("amber") == 1
    sink.finish()
    assert store.unfinished_run("amber") is None
    assert store.begin_run("amber").run == 2


def test_a_run_has_one_owner_at_a_time(store: Store, sink: RunSink, tmp_path: Path) -> None:
    with Store(tmp_path / "events.db") as other:
        with pytest.raises(RecordError, match="run 1 of amber, which is under way elsewhere"):
            other.begin_run("amber", other.unfinished_run("amber"))
        assert other.begin_run("amber").run == 2
        store.close()
        assert other.begin_run("amber", sink.run).run == 1
    assert not list(tmp_path.glob("*.lock"))


def test_a_run_of_another_plan_stays_free_for_its_own(store: Store) -> None:
    store.begin_run("other", plan="first").release()
    with pytest.raises(RecordError, match="another plan"):
        store.begin_run("other", 1, plan="second")
    assert store.begin_run("other", 1, plan="first").run == 1


@pytest.mark.parametrize(
    "change", ["DROP TABLE store_version", "UPDATE store_version SET version=0"]
)
def test_a_store_of_another_version_is_refused(store: Store, tmp_path: Path, change: str) -> None:
    store.close()
    with sqlite3.connect(tmp_path / "events.db") as database:
        database.execute(change)
    with pytest.raises(RecordError, match="made by another Vedette"):
        Store(tmp_path / "events.db")


def test_incidents_are_kept_apart(store: Store, sink: RunSink) -> None:
    sink.incident(Incident("dropped", "a", "the oldest", 3))
    assert store.incidents("amber", 1) == [Incident("dropped", "a", "the oldest", 3)]
    assert store.events() == []


def test_events_are_exported_as_lines_of_json(store: Store, sink: RunSink, tmp_path: Path) -> None:
    sink.commit([COMMIT])
    export_json_lines(store.events(), tmp_path / "events.jsonl")
    (line,) = (tmp_path / "events.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["start_s"] == pytest.approx(1 / 3)
    assert record["attributes"] == {"colour": "white", "score": 0.5}
    assert record["picture"] == "amber-alert-camera%2f1-1-3-7.webp"


def test_the_file_uses_a_write_ahead_log(store: Store, tmp_path: Path) -> None:
    mode = sqlite3.connect(tmp_path / "events.db").execute("PRAGMA journal_mode").fetchone()
    assert mode == ("wal",)


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database at all, but long enough for a header" * 40)
    with pytest.raises(RecordError, match="a file that is no event store"):
        Store(tmp_path / "notes.txt")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="cannot be opened"):
        Store(tmp_path / "nowhere" / "events.db")


def test_a_store_that_another_process_holds_is_refused(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vedette.store.database.BUSY_S", 0.01)
    held = sqlite3.connect(tmp_path / "events.db", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RecordError, match="another process is writing to"):
        Store(tmp_path / "events.db").begin_run("amber")


def test_a_full_disk_is_said_to_be_full(store: Store, sink: RunSink) -> None:
    with store.transaction() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")
    states = {"track": SavedState("x" * 100_000)}
    with pytest.raises(RecordError, match="no space left for the event store"):
        sink.commit([replace(COMMIT, states=states)])


@pytest.mark.parametrize("place", ["nosuch://host/base", "sqlite:", "postgresql://u:secret@[/x"])
def test_a_bad_url_is_refused_without_its_password(place: str, tmp_path: Path) -> None:
    with pytest.raises(RecordError) as raised:
        Store(place if "://" in place else tmp_path / "no" / place)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("place", ["", ".", ":memory:", "sqlite://"])
def test_a_store_that_would_not_outlive_the_run_is_refused(place: str) -> None:
    with pytest.raises(RecordError, match="a database without a file"):
        Store(place)


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    Store(tmp_path / "a?b#c%41.db").close()
    assert [file.name for file in tmp_path.iterdir()] == ["a?b#c%41.db"]


@pytest.mark.parametrize(
    "change", ["box = 'x'", "time_s = '1/0'", "attributes = 'x'", "box = '[1]'"]
)
def test_rows_that_no_run_wrote_are_damage(
    store: Store, sink: RunSink, tmp_path: Path, change: str
) -> None:
    sink.commit([COMMIT])
    with sqlite3.connect(tmp_path / "events.db") as connection:
        connection.execute(f"update events set {change}")
    with pytest.raises(RecordError, match="a damaged event store"):
        store.events()


@pytest.mark.parametrize("seek", ["x", "[1]", "3"])
def test_a_checkpoint_that_no_run_wrote_is_damage(sink: RunSink, tmp_path: Path, seek: str) -> None:
    sink.commit([COMMIT])
    with sqlite3.connect(tmp_path / "events.db") as connection:
        connection.execute("update checkpoints set seek = ?", [seek])
    with pytest.raises(RecordError, match="a damaged event store"):
        sink.resume()


def test_how_far_forecasts_were_off_is_kept(tmp_path: Path) -> None:
    told = Forecast("wan_mbps", "Mbit/s", 8.0, 10.0, "simulated", "rehearsed")
    with Store(tmp_path / "events.db") as store:
        store.calibrate("amber", "joint", [told])
        store.calibrate("amber", "joint", [replace(told, found=4.0, label="measured")], run=3)
        store.calibrate("other", "joint", [told])
    with Store(tmp_path / "events.db") as store:
        assert [each.error for each in store.calibrations("amber")] == pytest.approx([0.2, 0.5])
