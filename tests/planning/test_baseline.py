"""What plans are compared with: the golden setting on every frame, sent to the cloud."""

from dataclasses import replace

import pytest
from tests.planning.conftest import City, scores

from vedette.planning.baseline import baseline_choice, baseline_placement
from vedette.planning.expand import golden
from vedette.types.graph import Scalar
from vedette.types.profile import Profile, Sweep


def with_quality(city: City, f1s: dict[int, float], events: int) -> tuple[City, Profile]:
    """The city with these quantisers, each of which scores as given."""
    some = next(iter(city.profile.sweeps.values()))
    sweeps: dict[tuple[str, Scalar], Sweep] = {
        ("transport.qp", qp): replace(some, scores=scores(f1, events)) for qp, f1 in f1s.items()
    }
    transport = replace(city.workflow.transport, qp=tuple(f1s))
    workflow = replace(city.workflow, transport=transport)
    return replace(city, workflow=workflow), replace(city.profile, sweeps=sweeps)


@pytest.mark.parametrize(
    ("f1s", "events", "qp", "warning"),
    [
        ({18: 1.0, 22: 1.0, 26: 0.9, 30: 1.0}, 20, 22, ""),
        ({18: 0.9, 22: 1.0}, 20, 18, "no quantiser keeps"),
        ({18: 1.0, 22: 1.0}, 2, 22, "rests on 2 reference events"),
        ({18: 1.0, 22: 1.0}, 0, 18, "no quantiser keeps"),
    ],
)
def test_the_quantiser_is_the_highest_that_keeps_events_with_all_lower_ones(
    city: City, f1s: dict[int, float], events: int, qp: int, warning: str
) -> None:
    town, profile = with_quality(city, f1s, events)
    choice, said = baseline_choice(profile, town.workflow)
    assert choice == {**golden(town.workflow), "transport.qp": qp}
    assert warning in said
    assert bool(warning) == bool(said)


def test_frames_leave_the_camera_and_all_else_happens_in_the_cloud(city: City) -> None:
    placement = baseline_placement(city.workflow, city.cluster, city.signatures)
    assert {name for name, device in placement.items() if device == "camera"} == {
        "street",
        "sample",
    }
    assert set(placement.values()) == {"camera", "cloud"}
