"""Every mistake that a workflow file can hold: where it is said to be, and what is said."""

from collections.abc import Callable

import pytest

Complaints = Callable[[str], list[str]]
STEP = "run: track, from: detect"
MISTAKES = {
    "an unknown key": ("version: 1", "versio: 1", "1:1: found the key 'versio'", "try version"),
    "a missing key": ("name: amber\n", "", "1:1: found no 'name'", "a name (letters"),
    "a name with a space": ("name: amber", "name: am ber", "2:7: found the text", "a name"),
    "a newer version": ("version: 1", "version: 2", "1:10: found 2", "try a newer Vedette"),
    "no version": ("version: 1", "version: one", "1:10: found the text 'one'", "expected 1"),
    "a key twice": (
        "steps:\n",
        "steps:\n  sample: {run: sample, from: street}\n",
        "10:3: found 'sample' a second time (first on line 9)",
        "each name once",
    ),
    "an unknown operator": ("run: track", "run: trak", "15:16: found the operator", "try track"),
    "an operator that is a number": ("run: track", "run: 5", "15:16: found 5", "in quotes"),
    "a step without inputs": (STEP, "run: track", "15:3: found no 'from'", "a name"),
    "a step that is text": (f"{{{STEP}}}", "track", "15:10: found the text", "a mapping"),
    "an unknown input": (STEP, "run: track, from: detct", "15:29: found the name", "try detect"),
    "too few inputs": ("[resize, track]", "[resize]", "16:", "2 for crop: Frame, Detections"),
    "an input of another type": ("from: colour", "from: type", "19:29: found type, which", "Match"),
    "a cycle": (
        STEP,
        "run: track, from: alert",
        "15:29: found the cycle alert -> track -> crop -> type -> colour -> alert",
        "steps that lead onwards",
    ),
    "a cycle of one": ("from: sample", "from: resize", "10:31: found the cycle resize -> r", ""),
    "an unknown setting": (
        "colour: white",
        "shade: x, colour: x",
        "18:65: found the setting",
        "known: colour",
    ),
    "a setting of the wrong type": ("colour: white", "colour: 3", "18:73: found 3", '"3"'),
    "a missing setting": (", colour: white", "", "18:3: found no 'colour'", "expected text"),
    "a setting with a unit": ("0.4}", "0.4 s}", "19:53: found the text '0.4 s'", "try 0.4"),
    "a value twice": ("480, 320", "480, 480", "10:69: found 480 a second time", "each value once"),
    "nothing to choose": ("[source, 480, 320]", "[]", "10:47: found an empty list", "at least 1"),
    "an unknown word": ("[source, 480", "[sorce, 480", "10:56: found the text 'sorce'", "source"),
    "a value of no type": ("[source, 480", "[4.5, 480", "10:56: found 4.5", "a whole number or"),
    "more than a choice": ("320]}", "320], also: 1}", "10:75: found the key 'also'", "choose"),
    "an unknown variant": (
        "from: resize\n",
        "from: resize\n    model: nano-41\n",
        "14:12: found the text 'nano-41'",
        "try nano-416",
    ),
    "a number that is none": (
        "from: resize\n",
        "from: resize\n    confidence: .nan\n",
        "14:17: found nan",
        "a finite number",
    ),
    "an operator that the planner puts in": (
        "run: resize",
        "run: tile",
        "10:17: found the operator 'tile'",
        "known: alert, classify, contrast, crop, detect, match_colour, resize, sample, track",
    ),
    "a condition on a label that nobody asked for": (
        "{label: [car]}",
        "{label: [carr]}",
        "18:58: found the text 'carr' in steps.colour.when.label[0]",
        "try car (known: bus, car, person)",
    ),
    "a condition on a group that nobody asked for": (
        "{label: [car]}",
        "{group: car}",
        "18:57: found the text 'car' in steps.colour.when.group",
        "(known: person, vehicle)",
    ),
    "crops of a group that nobody asked for": (
        "groups: [vehicle]",
        "groups: [vehicel]",
        "16:53: found the text 'vehicel' in steps.crop.groups[0]",
        "try vehicle (known: person, vehicle)",
    ),
    "an unknown attribute": ("{label:", "{lable:", "18:50: found the attribute", "try label"),
    "a condition on nothing": ("{label: [car]}", "[car]", "18:43: found a list", "a mapping"),
    "an empty span": ("[0, 46]", "[46, 46]", "6:", "an end after the start"),
    "a camera that is to wait": (
        "url: camera2.mkv",
        "url: 'rtsp://10.0.0.7/a', pace: file",
        "6:47: found the pace file",
        "try live, or leaving it out",
    ),
    "a negative frame": ("[0, 46]", "[0, -46]", "6:46: found -46", "at least 0"),
    "half a frame": ("[0, 46]", "[0, 4.5]", "6:46: found 4.5", "a whole number"),
    "a span of three": ("[0, 46]", "[0, 4, 6]", "6:", "at most 2"),
    "no URL": ("url: camera2.mkv, ", "", "6:5: found no 'url'", "expected text"),
    "a URL that is a number": ("url: camera1.mkv", "url: 7", "5:20: found 7", '"7", in quotes'),
    "an unknown word of few": ("pace: live", "pace: liv", "7:", "try live"),
    "too few repeats": ("repeat: 3", "repeat: 0", "7:71: found 0", "at least 1"),
    "an unread source": ("steps:", "  yard: a.mkv\nsteps:", "8:3: found the source 'yard'", "read"),
    "a stream's key as its name": ("camera1: {", "repeat: {", "5:5: found the stream", "by name"),
    "an unknown metric": ("{wan_mbps", "{wan_mbs", "21:14: found the name", "try wan_mbps"),
    "a negative weight": ("wan_mbps: 1.0", "wan_mbps: -1", "21:24: found -1", "above 0"),
    "a floor of nothing": ("frame_f1: 0.7", "frame_f1: 0", "22:22: found 0", "above 0"),
    "a floor above all": ("frame_f1: 0.7", "frame_f1: 1.2", "22:22: found 1.2", "at most 1"),
    "an unknown accuracy": ("frame_f1", "f1", "22:12: found the name 'f1'", "event_f1, frame_f1"),
    "a ceiling with a unit": ("1000}", "1 s}", "23:26: found the text '1 s'", "try 1, without"),
    "unknown tracks": ("tracks: track", "tracks: trak", "24:39: found no step", "try track"),
    "tracks of no detections": ("tracks: track", "tracks: crop", "24:39: found crop", "Detections"),
    "an event of no length": ("0.4, tr", "0, tr", "24:26: found 0", "above 0, at most 1,000,000"),
    "an unknown coding": ("[18, 22", "[18, png 9", "25:22: found the text 'png 9'", "jpeg 90"),
    "an absurd quantiser": ("[18, 22", "[18, 52", "25:22: found 52", "at most 51"),
    "a quantiser twice": ("[18, 22", "[18, 18", "25:22: found 18 a second time", "once"),
    "one quantiser": ("[18, 22, 26]", "18", "25:17: found 18", "try [18]"),
    "an absurd duration": ("gop_s: 2.0", "gop_s: 1e9", "25:38: found 1000000000", "in seconds"),
    "two places": ("deliver_to: edge", "deliver_to: [edge]", "26:", "a name"),
    "a tag": ("colour: white", "colour: !x white", "18:73: found the tag !x", "without tags"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_reported_once_at_its_place(
    mistake: tuple[str, str, str, str], amber: str, workflow_complaints: Complaints
) -> None:
    old, new, place, advice = mistake
    assert old in amber
    (complaint,) = workflow_complaints(amber.replace(old, new, 1))
    assert complaint.startswith(f"workflow.yaml:{place}")
    assert advice in complaint


def test_a_complaint_has_three_parts(amber: str, workflow_complaints: Complaints) -> None:
    (complaint,) = workflow_complaints(amber.replace("run: track", "run: trak"))
    assert complaint == (
        "workflow.yaml:15:16: found the operator 'trak' in steps.track.run\n"
        "  expected the name of an operator\n"
        "  try track (known: alert, classify, contrast, crop, detect, match_colour, resize, sample,"
        " track); for one of your own: --operators FILE, or installing its package"
    )


def test_all_mistakes_of_a_file_are_reported_at_once(
    amber: str, workflow_complaints: Complaints
) -> None:
    text = amber
    for old, new in (
        ("plan_on: [0, 46]", "plan_on: [46, 0]"),
        ("320]", "sorce]"),
        ("run: detect", "run: detct"),
        (STEP, "run: track, frm: detect"),
        ("colour: white", "colour: 3"),
        ("frame_f1: 0.7", "frame_f1: 7"),
        ("qp: [18", "qp: [99"),
    ):
        text = text.replace(old, new)
    lines = [complaint.split(": ")[0] for complaint in workflow_complaints(text)]
    assert lines == [
        f"workflow.yaml:{place}"
        for place in ("6:33", "10:69", "12:10", "15:3", "15:23", "18:73", "22:22", "25:18")
    ]


def test_two_streams_of_one_name_are_reported(amber: str, workflow_complaints: Complaints) -> None:
    text = amber.replace("steps:", "  yard: {camera1: a.mkv}\nsteps:").replace(
        "from: street", "from: [street, yard]"
    )
    (complaint,) = workflow_complaints(text)
    assert complaint.startswith("workflow.yaml:8:10: found the stream 'camera1' a second time")


def test_a_join_needs_inputs_of_the_same_sources(
    amber: str, workflow_complaints: Complaints
) -> None:
    text = amber.replace("steps:", "  yard: a.mkv\nsteps:").replace(
        "[resize, track]", "[yard, track]"
    )
    (complaint,) = workflow_complaints(text)
    assert complaint.startswith(
        "workflow.yaml:17:21: found inputs that come from different sources"
    )
    assert "yard (yard), track (street)" in complaint


def test_items_of_different_fan_outs_cannot_be_joined(
    amber: str, workflow_complaints: Complaints
) -> None:
    steps = (
        "  crop2: {run: crop, from: [resize, track]}\n  both: {run: contrast, from: [crop, crop2]}"
    )
    (complaint,) = workflow_complaints(amber.replace("objective:", f"{steps}\nobjective:"))
    assert "found items that different steps numbered: crop, crop2 in steps.both.from" in complaint


def test_a_password_in_a_url_is_never_shown(amber: str, workflow_complaints: Complaints) -> None:
    text = amber.replace("pace: live", "pace: 'rtsp://me:secret@10.0.0.7/street'")
    (complaint,) = workflow_complaints(text)
    assert "secret" not in complaint
