import pytest
from tests.planning.conftest import City

from vedette.errors import DeclarationError, InfeasibleError
from vedette.planning.expand import expand
from vedette.planning.placement import ends, home, is_packing, resolve, strip, transport
from vedette.types.cluster import Cluster, Device
from vedette.types.graph import Workflow

CHOICE = {"detect.model": "plain"}


def placed(city: City, devices: str, **changes: object) -> tuple[Workflow, dict[str, str]]:
    expanded = expand(city.workflow, CHOICE, city.variants)
    placement = dict(zip((step.name for step in expanded.steps), devices.split(), strict=True))
    return transport(expanded, placement, city.cluster, city.signatures, 18)


def test_a_frame_that_leaves_its_device_is_encoded_there_and_decoded_where_it_is_read(
    city: City,
) -> None:
    workflow, placement = placed(city, "edge edge edge edge")
    encode, decode = workflow.step("street.encode"), workflow.step("street.decode@edge")
    assert encode.settings == {"kind": "frame", "qp": 18, "gop_s": 2.0}
    assert (placement["street.encode"], placement["street.decode@edge"]) == ("camera", "edge")
    assert decode.settings == {"kind": "frame"}
    assert encode.part_of == decode.part_of == "street"
    assert workflow.step("sample").inputs == ("street.decode@edge",)
    assert workflow.step("detect").inputs == ("sample",)


def test_answers_return_without_the_picture_that_the_evidence_carries(city: City) -> None:
    workflow, placement = placed(city, "cloud cloud cloud cloud")
    assert workflow.step("alert.encode").settings == {"kind": "event", "picture": False}
    assert workflow.step("alert.evidence").settings == {"kind": "event", "picture": True}
    sinks = {step.name: placement[step.name] for step in workflow.sinks()}
    assert sinks == {"alert.decode@edge": "edge", "alert.evidence@cloud": "cloud"}


def test_an_answer_that_is_already_home_stays_a_sink_beside_its_evidence(city: City) -> None:
    workflow, placement = placed(city, "edge edge edge edge")
    sinks = {step.name: placement[step.name] for step in workflow.sinks()}
    assert sinks == {"alert.decode@edge": "edge", "alert.evidence@cloud": "cloud"}


def test_without_evidence_a_sink_that_is_home_needs_no_packing(city: City) -> None:
    expanded = expand(city.workflow, CHOICE, city.variants)
    plain = Workflow(expanded.name, expanded.sources, expanded.steps)
    placement = {step.name: "edge" for step in plain.steps}
    workflow, _ = transport(plain, placement, city.cluster, city.signatures, 18)
    assert [step.name for step in workflow.sinks()] == ["alert"]


def test_raw_frames_never_cross(city: City) -> None:
    expanded = expand(city.workflow, CHOICE, city.variants)
    placement = {step.name: "edge" for step in expanded.steps}
    with pytest.raises(InfeasibleError, match="frames of street"):
        transport(expanded, placement, city.cluster, city.signatures)


def test_stripping_takes_the_packing_out_again(city: City) -> None:
    workflow, _ = placed(city, "camera edge cloud cloud")
    assert strip(workflow) == expand(city.workflow, CHOICE, city.variants)


def test_a_tier_means_its_first_device_and_an_unknown_place_is_named(city: City) -> None:
    assert resolve(city.cluster, "cloud") == "cloud"
    assert (
        ends(city.workflow, city.cluster).deliver,
        ends(city.workflow, city.cluster).evidence,
    ) == (
        "edge",
        "cloud",
    )
    with pytest.raises(DeclarationError, match="'edgy'"):
        resolve(city.cluster, "edgy")


def test_sources_are_at_the_camera_wherever_the_cluster_lists_it() -> None:
    edge, camera = Device("edge", "edge", 4), Device("camera", "camera", 1)
    beside = Device("box", "edge", 1, per_stream=True)
    assert home(Cluster("one", (edge, beside, camera), ())) == camera
    assert home(Cluster("two", (edge, beside), ())) == beside
    assert home(Cluster("three", (edge,), ())) == edge


def test_packing_is_known_by_its_name_also_beside_a_part_and_on_a_dotted_device(
    city: City,
) -> None:
    written, _ = placed(city, "cloud edge cloud cloud")
    plain = {step.name for step in expand(city.workflow, CHOICE, city.variants).steps}
    packing = {step.name for step in written.steps} - plain
    assert {name for name in packing | plain if is_packing(name)} == packing
    assert is_packing("detect.pass.encode")
    assert is_packing("alert.evidence@cloud.example")
    assert not is_packing("detect.pass")
    assert not is_packing("encode")
