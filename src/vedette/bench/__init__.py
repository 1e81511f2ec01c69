"""The tracks of ``vedette bench``: each claim of this project, measured anew on your machine.

A track is a module with ``run(setting, progress) -> Result``. Its rows are what was measured, its
claims the targets that this project set itself, met or not. Nothing in a track is tuned on the
part of a clip that it reports on.
"""

from importlib import import_module
from typing import Protocol, cast

from vedette.bench.claims import Claim, Result, Setting
from vedette.errors import InputError, Problem, nearest
from vedette.session.common import Progress

TRACKS = {
    "distributed": "Model servers: cost of a request against others', replicas, slow links.",
    "ep": "A planned workflow against sending every frame to the cloud (ExecutiveProducer).",
    "labels": "Settings against people's labels, and whether golden orders them alike.",
    "noscope": "Learned cascades against their reference: speed, and if promises are kept.",
    "overhead": "A running pipeline against a plain loop with equal answers, in CPU time.",
    "payloads": "What coding a model's inputs and outputs saves, costs and loses.",
    "planner": "A choice for a hundred cameras with a table each, against its bound, and its time.",
}
"""Every track by name, with what it measures."""


class Track(Protocol):
    def run(self, setting: Setting, progress: Progress) -> Result: ...


def track(name: str) -> Track:
    """The track of that name; raises InputError with the nearest one where there is none."""
    if name not in TRACKS:
        hint = nearest(name, list(TRACKS))
        raise InputError(Problem(f"the track {name!r}", f"one of {', '.join(TRACKS)}", hint))
    return cast("Track", import_module(f"vedette.bench.{name}"))


__all__ = ["TRACKS", "Claim", "Result", "Setting", "Track", "track"]
