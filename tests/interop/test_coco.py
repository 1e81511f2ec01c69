"""COCO JSON: what is read, what is refused with its line, and that it comes back."""

import contextlib
import io
import json
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.interop.seen import boxes, same

from vedette.errors import DeclarationError
from vedette.interop import coco_annotations, coco_text
from vedette.types.annotations import annotations

DATASET: dict[str, Any] = {
    "info": {"year": 2026},
    "images": [
        {"id": 1, "file_name": "street/frame_000000.png", "width": 640, "height": 480},
        {"id": 2, "file_name": "street/frame_000005.png"},
    ],
    "categories": [{"id": 3, "name": "car", "supercategory": "vehicle"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [10, 20, 30, 40], "segmentation": []},
        {"id": 2, "image_id": 1, "category_id": 3, "bbox": [90, 20, 30, 40], "iscrowd": 1},
    ],
}


def changed(part: str, number: int, **change: Any) -> str:
    dataset = deepcopy(DATASET)
    dataset[part][number] |= change
    return json.dumps(dataset, indent=1)


def line_of(text: str, part: str, number: int) -> int:
    """The line of an element's brace in indented JSON."""
    lines = text.splitlines()
    start = lines.index(f' "{part}": [')
    braces = [at for at, line in enumerate(lines) if line == "  {" and at > start]
    return braces[number] + 1


def read(dataset: Any) -> Any:
    return coco_annotations(json.dumps(dataset), "street.json")


def test_boxes_have_the_names_of_their_categories() -> None:
    seen = read(DATASET)
    assert seen.box.tolist() == [[10, 20, 40, 60], [90, 20, 120, 60]]
    assert (seen.labels, seen.track.tolist()) == (("car",), [-1, -1])


def test_a_picture_without_boxes_was_looked_at_all_the_same() -> None:
    assert read(DATASET).covered.tolist() == [0, 5]


def test_a_frame_id_comes_before_the_number_in_the_name() -> None:
    seen = coco_annotations(changed("images", 1, frame_id=7), "street.json")
    assert seen.covered.tolist() == [0, 7]


def test_nobody_is_asked_to_find_a_crowd() -> None:
    assert read(DATASET).confidence.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("part", "number", "change", "found"),
    [
        ("annotations", 1, {"bbox": [1, 2, -3, 4]}, "-3 in annotations[1].bbox[2]"),
        ("annotations", 1, {"bbox": [1, 2, 0, 4]}, "0 in annotations[1].bbox[2]"),
        ("annotations", 1, {"score": 1e300}, "1e+300 in annotations[1].score"),
        ("annotations", 1, {"bbox": [1, 2, float("nan"), 4]}, "nan in annotations[1].bbox[2]"),
        ("annotations", 1, {"bbox": [1, 2, 3]}, "nothing in annotations[1].bbox[3]"),
        ("annotations", 1, {"image_id": 9}, "the image_id 9 in annotations[1]"),
        ("annotations", 1, {"category_id": 9}, "the category_id 9 in annotations[1]"),
        ("annotations", 1, {"track_id": -7}, "-7 in annotations[1].track_id"),
        ("images", 1, {"file_name": "a.png"}, "an image without a frame in images[1]"),
        ("images", 1, {"frame_id": 0}, "the frame 0 a second time in images[1]"),
        ("images", 1, {"id": 1}, "the id 1 a second time in images[1]"),
        (
            "images",
            1,
            {"frame_id": 99},
            "the frame 99, beyond the end of the video, in images[1]",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    part: str, number: int, change: dict[str, Any], found: str
) -> None:
    text = changed(part, number, **change)
    with pytest.raises(DeclarationError) as caught:
        coco_annotations(text, "street.json", frames=50)
    problem = next(each for each in caught.value.problems if each.found == found)
    assert problem.place is not None
    assert problem.place.line == line_of(text, part, number)


def test_a_track_is_once_in_a_frame() -> None:
    dataset = deepcopy(DATASET)
    for each in dataset["annotations"]:
        each["track_id"] = 4
    with pytest.raises(DeclarationError, match="the track_id 4 a second time in frame 0"):
        read(dataset)


@pytest.mark.parametrize("text", ["", "[", "[]", "[" * 100_000, '{"images": 3}', "\0"])
def test_what_is_no_dataset_is_refused(text: str) -> None:
    with pytest.raises(DeclarationError):
        coco_annotations(text, "street.json")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_written_reads_back_to_a_thousandth_of_a_pixel(data: st.DataObject) -> None:
    seen = data.draw(same(labels=("person", "bus", "traffic light")))
    again = coco_annotations(coco_text(seen, (640, 480)), "out.json")
    assert again.covered.tolist() == seen.covered.tolist()
    assert again.frame.tolist() == seen.frame.tolist()
    assert again.track.tolist() == seen.track.tolist()
    assert [again.labels[n] for n in again.label] == [seen.labels[n] for n in seen.label]
    np.testing.assert_allclose(again.box, seen.box, atol=0.002)
    np.testing.assert_allclose(again.confidence, seen.confidence, atol=1e-4)


@pytest.mark.parametrize("judge", ["pycocotools", "faster_coco_eval"])
def test_coco_tools_find_nothing_wrong_with_boxes_against_themselves(
    judge: str, tmp_path: Path
) -> None:
    pytest.importorskip(judge, reason=f"{judge} is not installed")
    rows = [(n, 1, 9.0 * n, 50.0, 9.0 * n + 40, 90.0, 1.0, "car") for n in range(9)]
    file = tmp_path / "out.coco.json"
    file.write_text(coco_text(boxes(list(rows)), (640, 480)), encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        assert average_precision(judge, file) == 1


def average_precision(judge: str, file: Path) -> float:
    """AP over IoU .50 to .95 of a file's boxes against the same boxes."""
    if judge == "pycocotools":
        read, evaluate = (
            import_module("pycocotools.coco").COCO,
            import_module("pycocotools.cocoeval").COCOeval,
        )
    else:
        package = import_module("faster_coco_eval")
        read, evaluate = package.COCO, package.COCOeval_faster
    truth = read(str(file))
    answer = truth.loadRes(json.loads(file.read_text(encoding="utf-8"))["annotations"])
    judged = evaluate(truth, answer, "bbox")
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    return float(judged.stats[0])


def test_a_box_that_a_border_cut_to_nothing_can_be_read_again() -> None:
    cut = annotations([(0, 1, 640.0, 10.0, 640.0, 20.0, 0.9, "car")], np.array([0], np.int32))
    again = coco_annotations(coco_text(cut, (640, 480)), "street.json")
    assert again.box.tolist() == [pytest.approx([640, 10, 640, 20], abs=0.01)]
