"""Reading both files: what they mean, what is filled in, and what reads back equal."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vedette.declaring.paths import local_path
from vedette.declaring.reading import (
    parse_cluster,
    parse_workflow,
    read,
    read_cluster,
    read_workflow,
)
from vedette.declaring.workflow import workflow
from vedette.declaring.writing import plain_workflow, write_cluster, write_workflow
from vedette.errors import DeclarationError
from vedette.types.cluster import Cluster
from vedette.types.graph import Source, Span, Stream, Workflow
from vedette.types.operators import Signature

KEYS = [
    "version", "name", "sources", "steps", "objective", "events", "transport", "devices", "links",
    "from", "to", "run", "when", "choose", "tier", "minimise", "qp", "url", "plan_on", "a", "b",
]  # fmt: skip
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(KEYS), below, max_size=6)
    ),
    max_leaves=30,
)


def test_the_example_says_what_it_means(
    amber: str, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    flow = parse_workflow(amber, signatures, variants, file="city/workflow.yaml")
    assert flow.sources[0].streams[0] == Stream("camera1", "city/camera1.mkv", plan_on=Span(0, 0))
    assert flow.sources[0].streams[2].report_on == Span(100, None)
    assert flow.step("colour").when == {"label": ("car",)}
    assert flow.transport.qp == (18, 22, 26)


def test_a_knob_that_is_not_mentioned_is_open(
    amber: str, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    flow = parse_workflow(amber, signatures, variants)
    assert flow.step("sample").choices == {"rate_fps": ("source", 12, 5)}
    assert flow.step("detect").choices == {"model": variants}
    assert flow.step("resize").choices == {"width": ("source", 480, 320)}


def test_a_knob_with_one_value_is_fixed(
    amber: str, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    text = amber.replace("{choose: [source, 480, 320]}", "480")
    step = parse_workflow(text, signatures, variants).step("resize")
    assert (step.settings, step.choices) == ({"width": 480}, {})


@pytest.mark.parametrize(
    ("written", "names"),
    [("a.mkv", ("street",)), ("[a.mkv, rtsp://10.0.0.7/b]", ("street1", "street2"))],
)
def test_a_source_may_be_one_url_or_several(
    written: str,
    names: tuple[str, ...],
    amber: str,
    signatures: Mapping[str, Signature],
    variants: tuple[str, ...],
) -> None:
    start, end = amber.index("  street:"), amber.index("steps:")
    text = f"{amber[:start]}  street: {written}\n{amber[end:]}"
    (source,) = parse_workflow(text, signatures, variants).sources
    assert tuple(stream.name for stream in source.streams) == names


def test_the_way_back_is_as_fast_as_the_way_there_by_default(city: str) -> None:
    links = parse_cluster(city).links
    assert [(link.rate_mbps, link.back_mbps) for link in links] == [(100, 100), (10, 5)]


def test_what_is_written_reads_back_equal(
    flow: Workflow,
    cluster: Cluster,
    signatures: Mapping[str, Signature],
    variants: tuple[str, ...],
    here: Path,
) -> None:
    folder = here / "site"
    folder.mkdir()
    write_workflow(folder / "workflow.yaml", flow)
    write_cluster(folder / "cluster.yaml", cluster)
    assert read_workflow(folder / "workflow.yaml", signatures, variants) == flow
    assert read_cluster(folder / "cluster.yaml") == cluster
    assert "url: ../camera1.mkv" in (folder / "workflow.yaml").read_text()


def test_mistakes_of_both_files_and_between_them_come_together(
    amber: str,
    city: str,
    signatures: Mapping[str, Signature],
    variants: tuple[str, ...],
    here: Path,
) -> None:
    flow, cluster = here / "w.yaml", here / "c.yaml"
    flow.write_text(amber.replace("evidence_to: cloud", "evidence_to: clout"))
    cluster.write_text(city)
    with pytest.raises(DeclarationError) as caught:
        read(flow, cluster, signatures, variants)
    (problem,) = caught.value.problems
    assert str(problem).startswith(f"{flow}:27:14: found the place 'clout' in evidence_to")
    assert problem.hint == "cloud (known: camera, cloud, edge)"
    flow.write_text(amber.replace("name: amber", "name: 5"))
    cluster.write_text(city.replace("name: city", "name: 6"))
    with pytest.raises(DeclarationError) as caught:
        read(flow, cluster, signatures, variants)
    assert [str(problem).split(": ")[0] for problem in caught.value.problems] == [
        "w.yaml:2:7",
        "c.yaml:2:7",
    ]


def test_a_missing_file_does_not_hide_the_other_ones_mistakes(
    city: str, signatures: Mapping[str, Signature], tmp_path: Path
) -> None:
    (tmp_path / "c.yaml").write_text(city.replace("cores: 2", "cores: -2"))
    with pytest.raises(DeclarationError) as caught:
        read(tmp_path / "none.yaml", tmp_path / "c.yaml", signatures)
    assert [problem.found for problem in caught.value.problems] == [
        "no such file",
        "-2 in devices.edge.cores",
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!#\"'|>?%@ \n\t0.,~\\x"), max_size=60))
def test_any_text_is_read_or_refused(signatures: Mapping[str, Signature], text: str) -> None:
    for attempt in (lambda: parse_workflow(text, signatures), lambda: parse_cluster(text)):
        _succeeds_or_is_refused(attempt)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(PLAIN)
def test_any_tree_is_read_or_refused(signatures: Mapping[str, Signature], tree: Any) -> None:
    text = json.dumps(tree)
    for attempt in (lambda: parse_workflow(text, signatures), lambda: parse_cluster(text)):
        _succeeds_or_is_refused(attempt)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(part=st.sampled_from(["street", "track", "objective", "transport", "events"]), tree=PLAIN)
def test_any_tree_in_place_of_a_part_is_read_or_refused(
    amber: str, signatures: Mapping[str, Signature], part: str, tree: Any
) -> None:
    lines = amber.split("\n")
    number = next(i for i, line in enumerate(lines) if line.strip().startswith(f"{part}:"))
    indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
    lines[number] = f"{indent}{part}: {json.dumps(tree)}"
    _succeeds_or_is_refused(lambda: parse_workflow("\n".join(lines), signatures))


def _succeeds_or_is_refused(attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except DeclarationError as error:
        assert error.problems  # noqa: PT017  # both ways are right


@pytest.mark.parametrize(
    ("url", "mode"), [("rtsp://me:secret@10.0.0.7/a", 0o600), ("rtsp://10.0.0.7/a", 0o644)]
)
def test_a_workflow_with_a_password_is_for_its_owner_alone(
    flow: Workflow, tmp_path: Path, url: str, mode: int
) -> None:
    source = Source("street", (Stream("camera1", url, pace="live"),))
    before = os.umask(0o022)
    try:
        write_workflow(tmp_path / "workflow.yaml", replace(flow, sources=(source,)))
    finally:
        os.umask(before)
    assert (tmp_path / "workflow.yaml").stat().st_mode & 0o777 == mode


def test_a_camera_is_live_without_being_called_so(
    amber: str, signatures: Mapping[str, Signature], variants: tuple[str, ...]
) -> None:
    text = amber.replace("url: camera1.mkv", "url: 'rtsp://${USER}@10.0.0.7/a'")
    flow = parse_workflow(text, signatures, variants)
    camera = flow.sources[0].streams[0]
    assert (camera.pace, camera.url) == ("live", "rtsp://${USER}@10.0.0.7/a")
    assert "pace" not in plain_workflow(flow)["sources"]["street"]["camera1"]
    built = workflow("w", signatures={})
    built.source("yard", gate="rtsp://10.0.0.7/a", door="door.mkv")
    assert [stream.pace for _, stream in built.build().streams()] == ["live", "file"]


def test_a_url_that_begins_with_a_variable_is_not_a_relative_path() -> None:
    assert local_path("${CAMERA}/film.mp4", Path("city")) == "${CAMERA}/film.mp4"
