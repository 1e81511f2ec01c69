"""One valid document of every kind, made without a model or a video, and what reads them."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from tests import street as film

from vedette.cli import main
from vedette.declaring.operator import signatures
from vedette.models.zoo import variants
from vedette.planning.expand import expand
from vedette.planning.placement import transport
from vedette.profiling.sweep import question
from vedette.session import load_declaration, save
from vedette.types.cluster import Cluster
from vedette.types.figures import Figures, Score, Share
from vedette.types.graph import Choice, Workflow
from vedette.types.plan import Candidate, Plan, Proof
from vedette.types.profile import Profile, StepTrace, Sweep, Trace, Tracks

ROWS = 12
PLACES = {"street": "camera", "sample": "camera"}
FIGURES = Figures("simulated", 1.5, 0.25, 20.0, 41.5, 300.0, 900.0, 12.0, 0.04, 100, 25)
SCORES = {
    name: Score(name, Share(3, 4, 0.5), Share(2, 2, 0.7)) for name in ("event_f1", "frame_f1")
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a command came to."""

    status: int
    out: str
    err: str


def said(*words: str | Path) -> Said:
    """A command in this process."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["vedette", *map(str, words)]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.argv = before
    return Said(status, out.getvalue(), err.getvalue())


def write_all(folder: Path) -> None:
    """workflow.yaml, cluster.yaml, plan.yaml, profile.json and a table for each planner."""
    (folder / "gate.mkv").write_bytes(b"a video that nothing here opens")
    workflow, cluster = load_declaration(*film.declare(folder))
    measured = _profile(workflow)
    save(measured, folder / "profile.json")
    save(_plan(workflow, cluster), folder / "plan.yaml")
    for planner in ("knobs", "placement", "fleet", "cascade", "replicas"):
        (folder / f"{planner}.json").write_text(said("solve", planner, "--example").out)


def plain(path: Path) -> Any:
    """What a document holds."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else YAML(typ="safe", pure=True).load(text)


def _plan(workflow: Workflow, cluster: Cluster) -> Plan:
    known = signatures()
    choice: Choice = {
        "sample.rate_fps": 12.5,
        "detect.model": "yolox-nano-416-wide",
        "transport.qp": 26,
    }
    expanded = expand(workflow, choice, variants())
    places = {step.name: "edge" for step in expanded.steps} | PLACES
    placed, placement = transport(expanded, places, cluster, known, qp=26)
    rival = Candidate(choice, places, 1.0, 0.9, FIGURES, SCORES, "held")
    return Plan(
        workflow=placed,
        cluster=cluster,
        choice=choice,
        placement=placement,
        predicted=FIGURES,
        scores=SCORES,
        verdict="held",
        proof=Proof(1.0, 1.0, "exact", 3),
        tried=(rival,),
        declared=workflow,
    )


def _profile(workflow: Workflow) -> Profile:
    choice: Choice = {name: values[0] for name, values in workflow.knobs().items()}
    golden = _trace(workflow, choice)
    return Profile(
        workflow=workflow.name,
        digest=question(workflow),
        machine="a machine",
        reference_ms=7.7,
        golden=golden,
        verify_golden=golden,
        sweeps={
            (knob, value): Sweep(replace(golden, choice={**choice, knob: value}), SCORES)
            for knob, values in workflow.knobs().items()
            for value in values[1:]
        },
        device_ratio={"edge": 1.1},
    )


def _trace(workflow: Workflow, choice: Choice) -> Trace:
    step = StepTrace(
        cpu_s=np.full(ROWS, 0.001),
        items=np.ones(ROWS, np.int32),
        size_bytes=np.full(ROWS, 1e3),
        encode_s=np.full(ROWS, 1e-4),
        decode_s=np.full(ROWS, 1e-4),
    )
    names = [source.name for source in workflow.sources] + [each.name for each in workflow.steps]
    none = np.zeros(0, np.int32)
    tracks = Tracks(
        streams=("gate",),
        labels=("car",),
        groups=("vehicle",),
        stream=none,
        frame=none,
        time_s=np.zeros(0),
        track=none,
        box=np.zeros((0, 4), np.float32),
        confidence=np.zeros(0, np.float32),
        label=none,
        group=none,
    )
    return Trace(
        choice=choice,
        streams=("gate",),
        stream=np.zeros(ROWS, np.int32),
        frame=np.arange(ROWS, dtype=np.int32),
        time_s=np.arange(ROWS) / 25,
        analysed=np.ones(ROWS, bool),
        steps=dict.fromkeys(names, step),
        tracks=tracks,
        sizes={"gate": (480, 270)},
        rates={"gate": Fraction(25)},
    )
