"""A cascade as steps: which there are, what each reads, and how they are put on machines."""

from dataclasses import replace

import numpy as np
from tests.cascades import GOLDEN, PLAIN, QUICK, asking

from vedette.declaring.operator import signatures
from vedette.declaring.wiring import wiring_mistakes
from vedette.planning.expand import expand
from vedette.planning.layout import graph, placements, site
from vedette.planning.placement import transport
from vedette.profiling.settings import measurable
from vedette.types.cascade import Cascade
from vedette.types.cluster import Cluster, Device, Link
from vedette.types.graph import Workflow
from vedette.types.models import Variant, variants_of

TILED = Variant("tiled", "golden", 416, expansion="tiles", over="golden")
SITE = Cluster(
    "site",
    (
        Device("camera", "camera", cores=1, per_stream=True),
        Device("edge", "edge", cores=4),
        Device("cloud", "cloud", cores=8),
    ),
    (
        Link("camera", "edge", rate_mbps=100, back_mbps=100, rtt_ms=1),
        Link("edge", "cloud", rate_mbps=10, back_mbps=10, rtt_ms=40),
    ),
)


def known(cascade: Cascade) -> dict[str, Variant]:
    return {each.name: each for each in (GOLDEN, QUICK, TILED, *variants_of(cascade))}


def written_out(cascade: Cascade) -> Workflow:
    return expand(asking(cascade), {}, known(cascade))


def test_every_stage_looks_at_what_the_one_before_was_unsure_of() -> None:
    steps = written_out(replace(PLAIN, frame_step=5)).steps
    assert [(step.name, step.operator, step.inputs) for step in steps] == [
        ("gate.step", "every", ("street",)),
        ("gate.difference", "compare", ("gate.step",)),
        ("gate.look1", "escalate", ("gate.step", "gate.difference")),
        ("gate.special", "special", ("gate.look1",)),
        ("gate.look2", "escalate", ("gate.look1", "gate.special")),
        ("gate.quick", "glance", ("gate.look2",)),
        ("gate.look3", "escalate", ("gate.look2", "gate.quick")),
        ("gate.reference", "presence", ("gate.look3",)),
        ("gate", "settle", ("gate.reference", "gate.difference", "gate.special", "gate.quick")),
    ]
    assert {step.declared for step in steps} == {"gate"}


def test_stages_that_a_cascade_lacks_are_absent() -> None:
    bare = replace(PLAIN, difference=None, scores=(), frame_step=2)
    assert [step.name for step in written_out(bare).steps] == [
        "gate.step",
        "gate.reference",
        "gate",
    ]


def test_the_reference_expands_as_it_would_alone() -> None:
    steps = written_out(replace(PLAIN, reference="tiled", scores=())).steps
    assert [(step.name, step.operator) for step in steps[2:]] == [
        ("gate.reference.tile", "tile"),
        ("gate.reference.pass", "detect"),
        ("gate.reference.merge", "merge"),
        ("gate.reference", "present"),
        ("gate", "settle"),
    ]
    assert {step.placed for step in steps[2:-1]} == {"gate.reference"}
    assert {step.declared for step in steps} == {"gate"}


def test_what_is_written_out_is_wired_as_its_operators_say() -> None:
    steps = written_out(replace(PLAIN, reference="tiled", frame_step=5))
    assert [str(each) for each in wiring_mistakes(steps, signatures())] == []


def test_stages_are_placed_one_by_one_and_what_crosses_is_packed() -> None:
    steps = written_out(replace(PLAIN, reference="tiled", frame_step=5))
    found = graph(steps, SITE, signatures())
    rows = placements(found, site(SITE), signatures())
    assert len(rows) == 3**5  # difference, special, quick, reference, and what settles
    column = {name: rows[:, i] for i, name in enumerate(found.names)}
    assert np.array_equal(column["gate.step"], column["gate.look1"])
    assert not np.array_equal(column["gate.look1"], column["gate.special"])
    assert np.array_equal(column["gate.reference.pass"], column["gate.reference"])
    place = dict.fromkeys(column, "edge") | {
        name: "cloud" for name in column if name.startswith("gate.reference")
    }
    placed, where = transport(steps, place, SITE, signatures(), qp=26)
    assert placed.step("gate.reference.tile").inputs == ("gate.look3.decode@cloud",)
    assert placed.step("gate.look3.encode").settings["kind"] == "frame"
    assert placed.step("gate").inputs[0] == "gate.reference.decode@edge"
    assert where["gate.look3.decode@cloud"] == "cloud"


def test_whatever_may_leave_a_stage_is_packed_where_it_is_measured() -> None:
    cascade = replace(PLAIN, frame_step=5)
    choice = {"transport.qp": "source"}
    placed, _ = measurable(asking(cascade), choice, known(cascade), signatures())
    packed = {
        step.name.removesuffix(".encode") for step in placed.steps if step.operator == "encode"
    }
    assert packed >= {"gate.look1", "gate.look3", "gate.difference", "gate.quick", "gate.reference"}
    assert "gate.step" not in packed
