"""Wrong input: exit status 2, three parts with file and line, and nothing half-written."""

import io
import sys
from pathlib import Path

import pytest
from tests import street as film
from tests.cli.conftest import Said, Vedette

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def assert_told(said: Said, *parts: str) -> None:
    """Exit status 2 and the three parts on standard error; nothing else."""
    assert said.status == 2, said.err
    assert said.out == ""
    assert "Traceback" not in said.err
    missing = [part for part in ("found ", "  expected ", *parts) if part not in said.err]
    assert missing == [], said.err


def tree(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "an empty file"),
        (b"name: caf\xe9\n", "file.yaml:1: found a byte that is no UTF-8 text"),
        (b"steps:\n\tx: 1\n", "file.yaml:2:1"),
        (b"[" * 20_000, "levels"),
        (BOMB.encode(), "fewer aliases"),
        (b"- 1\n- 2\n", "neither steps nor devices"),
        (b"hello\n", "neither steps nor devices"),
        (b"\0\0\0", "no YAML"),
        (b"a: 1\n---\nb: 2\n", "a second document"),
        (b'!!python/object/apply:os.system ["echo 1 > hacked"]\n', "neither steps nor devices"),
    ],
)
def test_what_is_no_declaration_is_told_by_check(
    vedette: Vedette, tmp_path: Path, content: bytes, part: str
) -> None:
    (tmp_path / "file.yaml").write_bytes(content)
    assert_told(vedette("check", "file.yaml"), "file.yaml", part)
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("check", "PLACE"),
        ("profile", "PLACE"),
        ("plan", "PLACE", "PLACE"),
        ("explain", "PLACE"),
        ("simulate", "PLACE"),
        ("rehearse", "PLACE"),
        ("run", "PLACE"),
        ("solve", "knobs", "PLACE"),
        ("init", "PLACE"),
    ],
)
@pytest.mark.parametrize("place", ["missing.yaml", "folder"])
def test_every_verb_tells_of_missing_files_and_of_folders(
    vedette: Vedette, tmp_path: Path, words: tuple[str, ...], place: str
) -> None:
    (tmp_path / "folder").mkdir()
    assert_told(vedette(*(place if word == "PLACE" else word for word in words)), place)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("was", "wrong", "parts"),
    [
        ("run: sample", "run: smaple", ("workflow.yaml:7:17", "try sample (known: ")),
        ("deliver_to", "deliver_too", ()),
        ("from: street", "from: track", ("detect -> track -> sample -> detect",)),
        ("frame_f1: 0.5", "frame_f1: 1.5", ("at most 1",)),
        ("frame_f1: 0.5", "frame_f1: .nan", ("a finite number",)),
        ("frame_f1: 0.5", "frame_f1: high", ("a number",)),
        ("frame_f1: 0.5", "frame_f2: 0.5", ("frame_f1",)),
        ("latency_p50_ms: 0.002", "latency_p50_s: 0.002", ("latency_p50_ms",)),
        ("events: {min_duration_s: 0.2}", "events: {min_duration_s: -1}", ("events.min",)),
        ("yolox-nano-256-wide", "yolox-nanno", ("yolox-nano-256",)),
        ("url: gate.mkv", "uri: gate.mkv", ("url",)),
    ],
)
def test_mistakes_of_a_workflow_have_their_lines(
    vedette: Vedette, tmp_path: Path, was: str, wrong: str, parts: tuple[str, ...]
) -> None:
    workflow, _ = film.declare(tmp_path)
    text = f"{film.WORKFLOW}deliver_to: edge\n"
    assert was in text
    workflow.write_text(text.replace(was, wrong))
    assert_told(vedette("check", "workflow.yaml"), "workflow.yaml:", *parts)


@pytest.mark.parametrize(
    ("was", "wrong", "part"),
    [
        ("cores: 2", "cores: -2", "cluster.yaml:5:"),
        ("cores: 2", "cores: 0", "above 0"),
        ("rate_mbps: 10,", "rate_mbps: .inf,", "a finite number"),
        ("rate_mbps: 10,", "rate_mbps: 10Gbit,", "try 10, without quotes or a unit"),
        ("to: cloud", "to: clowd", "cloud"),
        ("tier: edge", "tier: edgy", "edge"),
    ],
)
def test_mistakes_of_a_cluster_have_their_lines(
    vedette: Vedette, tmp_path: Path, was: str, wrong: str, part: str
) -> None:
    workflow, cluster = film.declare(tmp_path)
    cluster.write_text(film.CLUSTER.replace(was, wrong))
    assert_told(vedette("plan", workflow, cluster), "cluster.yaml:", part)


def test_mistakes_of_both_files_are_told_at_once(vedette: Vedette, tmp_path: Path) -> None:
    workflow, cluster = film.declare(tmp_path)
    workflow.write_text(film.WORKFLOW.replace("run: track", "run: trak"))
    cluster.write_text(film.CLUSTER.replace("cores: 2", "cores: two"))
    assert_told(vedette("check", workflow, cluster), "workflow.yaml:13:16", "cluster.yaml:5:")


@pytest.mark.parametrize(
    ("words", "found", "expected"),
    [
        (("check", "workflow.yaml", "workflow.yaml"), "a workflow", "a cluster"),
        (("check", "cluster.yaml", "workflow.yaml"), "a cluster", "a workflow"),
        (("profile", "film.mkv"), "a video", "a workflow"),
        (("plan", "cluster.yaml", "cluster.yaml"), "a cluster", "a workflow"),
        (("rehearse", "workflow.yaml"), "a workflow", "a plan"),
        (("run", "film.mkv"), "a video", "a plan"),
        (("simulate", "table.json"), "a profile", "a plan"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(
    vedette: Vedette, tmp_path: Path, words: tuple[str, ...], found: str, expected: str
) -> None:
    film.declare(tmp_path)
    (tmp_path / "film.mkv").write_bytes(b"\x1aE\xdf\xa3")
    (tmp_path / "table.json").write_text("{}")
    assert_told(vedette(*words), f"found {found}", f"expected {expected}")


@pytest.mark.parametrize("folder", ["nowhere", "file", "taken"])
@pytest.mark.parametrize(
    "words",
    [
        ("profile", "workflow.yaml", "-o"),
        ("plan", "workflow.yaml", "cluster.yaml", "-o"),
        ("rehearse", "plan.yaml", "--report"),
        ("run", "plan.yaml", "--events"),
        ("run", "plan.yaml", "--report"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_any_work(
    vedette: Vedette, tmp_path: Path, words: tuple[str, ...], folder: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "taken" / "result").mkdir(parents=True)
    place = f"{folder}/result"
    assert_told(vedette(*words, place), place)
    assert list(tree(tmp_path)) == [tmp_path / "file"]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("solve", "nope"), "one of knobs, placement"),
        (("solve", "knobs"), "vedette solve knobs --example"),
        (("schema", "nope"), "workflow"),
        (("models", "yolox-nanno"), "yolox-nano"),
        (("rehearse", "plan.yaml", "--part", "first"), "plan.yaml"),
        (("profile", "workflow.yaml", "--device", "edge"), "--cluster"),
    ],
)
def test_unknown_names_are_told_with_the_known_ones(
    vedette: Vedette, words: tuple[str, ...], part: str
) -> None:
    assert_told(vedette(*words), part)


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "a", "b", "--method", "magic"),
        ("profile", "a", "--processes", "0"),
        ("profile", "a", "--processes", "-3"),
        ("profile", "a", "--processes", "many"),
        ("check", "--bogus"),
        ("check",),
        ("nope",),
    ],
)
def test_words_that_the_command_line_does_not_know_exit_with_2(
    vedette: Vedette, words: tuple[str, ...]
) -> None:
    said = vedette(*words)
    assert (said.status, said.out) == (2, "")
    assert "Usage: " in said.err


@pytest.mark.parametrize("planner", ["knobs", "placement", "cascade"])
@pytest.mark.parametrize(
    ("table", "part"),
    [
        ("", "an empty file"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("{}", "found nothing in "),
        ("[1]", "expected "),
        ('{"zzz": 1}', "an unknown key in zzz"),
        ("\udcff", "no JSON"),
    ],
)
def test_solve_tells_what_is_wrong_with_a_table(
    vedette: Vedette, tmp_path: Path, planner: str, table: str, part: str
) -> None:
    (tmp_path / "table.json").write_bytes(table.encode("utf-8", "surrogateescape"))
    assert_told(vedette("solve", planner, "table.json"), "table.json", part)


@pytest.mark.parametrize("planner", ["knobs", "placement", "cascade"])
def test_solve_names_its_methods(vedette: Vedette, tmp_path: Path, planner: str) -> None:
    (tmp_path / "table.json").write_text(vedette("solve", planner, "--example").out)
    assert_told(vedette("solve", planner, "table.json", "--method", "magic"), "exact")


def test_solve_reads_standard_input(vedette: Vedette, monkeypatch: pytest.MonkeyPatch) -> None:
    table = io.TextIOWrapper(io.BytesIO(b"{"))
    monkeypatch.setattr(sys, "stdin", table)
    assert_told(vedette("solve", "knobs", "-"), "no JSON")


def test_solve_of_what_nothing_meets_exits_with_3(vedette: Vedette, tmp_path: Path) -> None:
    example = vedette("solve", "knobs", "--example").out
    table = example.replace('"floor": 0.9', '"floor": 1.0').replace("1.0,", "0.9,")
    (tmp_path / "table.json").write_text(table)
    said = vedette("solve", "knobs", "table.json")
    assert (said.status, said.out) == (3, ""), said.err
    assert "found " in said.err


def test_noscopes_scores_need_their_truth_and_a_rate(vedette: Vedette, tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_text("1,6,0.5,0.25,0,0\n")
    assert_told(vedette("solve", "cascade", "scores.csv"), "--truth")
    assert_told(vedette("solve", "cascade", "scores.csv", "--truth", "truth.csv"), "--rate")
    words = ("--truth", "truth.csv", "--rate", "0.1")
    assert_told(vedette("solve", "cascade", "scores.csv", *words), "truth.csv", "no such file")
    assert_told(vedette("solve", "cascade", "table.json", *words), "--truth, --label or --rate")
