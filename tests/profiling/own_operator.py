"""A script with an operator of its own, which profiles and rehearses itself: ``FOLDER``."""

import sys
from pathlib import Path
from typing import Annotated

import vedette as vd
from vedette.session import load_workflow
from vedette.types.graph import Workflow
from vedette.types.media import Frame


@vd.operator
def every_other(frame: Frame, *, offset: Annotated[int, vd.Knob(0, 1)] = 0) -> Frame | None:
    """Half of the frames."""
    return frame if frame.key.frame % 2 == offset else None


def declared(folder: Path) -> Workflow:
    known = load_workflow(folder / "workflow.yaml")
    (stream,) = known.sources[0].streams
    flow = vd.workflow("own")
    half = flow.step("half", every_other, flow.source("street", stream))
    seen = flow.step("detect", "detect", half, model="yolox-nano-256-wide", classes={"c": ["car"]})
    flow.step("track", "track", seen)
    return flow.build(transport=known.transport)


if __name__ == "__main__":
    measured = vd.profile(declared(Path(sys.argv[1])), processes=1)
    told = sorted(map(str, measured.sweeps)), int(measured.golden.analysed.sum())
    sys.stdout.write(f"{told}\n")
