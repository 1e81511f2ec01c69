from pathlib import Path

import pytest
from tests.docs.pages import all_blocks

from vedette.bench.noscope_questions import OWN, asked
from vedette.errors import DeclarationError


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / OWN).write_text(text, encoding="utf-8")
    return tmp_path


def test_seven_questions_are_packaged_and_one_is_to_be_refused() -> None:
    found = asked(None)
    assert len(found) == 7
    assert [each.about for each in found if each.refused] == ["ua_detrac"]
    assert {each.clip for each in found} == {None}
    assert {each.question.confidence for each in found} == {0.5, 0.7}


def test_a_clip_is_found_by_its_name_whatever_its_ending(tmp_path: Path) -> None:
    (tmp_path / "road_counting.mkv").touch()
    (tmp_path / "road_counting.txt").touch()
    clips = {each.about: each.clip for each in asked(tmp_path)}
    assert clips["road_counting"] == (tmp_path / "road_counting.mkv").resolve()
    assert clips["highway_02"] is None


def test_a_file_beside_the_clips_adds_questions_and_replaces_those_of_its_names(
    tmp_path: Path,
) -> None:
    own = (
        "questions:\n"
        "  highway_02 near: {clip: highway_02, classes: {bus: [bus]}}\n"
        "  yard: {clip: yard, classes: {any: [car]}, zone: [[0, 0], [9, 0], [9, 9]], "
        "confidence: 0.3}\n"
    )
    found = {each.name: each for each in asked(folder(tmp_path, own))}
    assert len(found) == 8
    assert found["highway_02 near"].question.zone is None
    assert found["highway_02 near"].question.classes == {"bus": ("bus",)}
    assert found["yard"].question.zone == ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("classes: {car: [car]}", "found nothing in questions.yard.clip"),
        ("clip: yard, classes: {car: []}", "found an empty list in questions.yard.classes.car"),
        ("clip: yard, classes: {car: [car]}, zone: [[0, 0], [9, 9]]", "at least 3 items"),
        ("clip: yard, classes: {car: [car]}, confidence: 2", "found 2 in questions.yard.confid"),
        ("clip: yard, classes: {car: [car]}, clips: 1", "found an unknown key"),
    ],
)
def test_a_mistake_in_a_question_is_told_with_its_line(
    tmp_path: Path, wrong: str, told: str
) -> None:
    with pytest.raises(DeclarationError) as caught:
        asked(folder(tmp_path, f"questions:\n  yard: {{{wrong}}}\n"))
    assert told in str(caught.value)
    assert f"{OWN}:2:" in str(caught.value)


def test_a_question_that_is_written_twice_is_told(tmp_path: Path) -> None:
    twice = "questions:\n  yard: {clip: a, classes: {car: [car]}}\n  yard: {}\n"
    with pytest.raises(DeclarationError, match="a second time"):
        asked(folder(tmp_path, twice))


def test_the_file_that_the_page_shows_can_be_read(tmp_path: Path) -> None:
    (shown,) = [each for each in all_blocks("yaml") if each.page.name == "noscope.md"]
    assert "yard gate" in {each.name for each in asked(folder(tmp_path, shown.text))}
