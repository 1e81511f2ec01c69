"""What is run in real time has to be small enough for this machine."""

import pytest

from vedette.errors import InputError
from vedette.session.real_time import _ensure_small
from vedette.types.cluster import Cluster, Device
from vedette.types.figures import Figures
from vedette.types.graph import EventRule, Source, Step, Stream, Workflow
from vedette.types.plan import Deployment

BUSY = Figures("rehearsed", 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, load={"camera": 0.5})


FLOW = Workflow(
    "w",
    (Source("gates", (Stream("gate", "gate.mp4"),)),),
    (Step("track", "track", ("gates",)),),
    events=EventRule(tracks="track"),
)
CAMERAS = Device("camera", "camera", cores=1, per_stream=True)
PLAN = Deployment(
    workflow=FLOW,
    cluster=Cluster("here", (CAMERAS,), ()),
    choice={},
    placement={"gates": "camera", "track": "camera"},
)


def test_the_work_of_every_camera_counts() -> None:
    _ensure_small(PLAN, BUSY, speed=1.0, streams=3)
    with pytest.raises(InputError, match=r"2\.0 of this machine's cores"):
        _ensure_small(PLAN, BUSY, speed=1.0, streams=4)
