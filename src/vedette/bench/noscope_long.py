"""A promise with a stated probability, on a drawn street that is long enough to state one.

A street is drawn from a seed (``synthetic.py``); its exact labels stand for the reference, since no
detector knows its shapes. A cascade is learned on the first half under the promise that its rate
holds with a probability, and counted on the second. What it would cost is not measured here.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.bench.claims import Claim, Row
from vedette.bench.kept import Kept, code
from vedette.bench.noscope_cells import TIMING
from vedette.bench.noscope_rows import counted
from vedette.bench.synthetic import Scene, film, truth
from vedette.change import changes_by_age
from vedette.errors import InfeasibleError, InputError
from vedette.learning.cascade import SPECIAL, Calls, Material, Parts, fit, trained_parts
from vedette.learning.caution import Terms
from vedette.learning.choosing import choose
from vedette.learning.labelling import Labels, Looking, seen
from vedette.learning.networks import architecture
from vedette.learning.splits import split
from vedette.learning.trainer import Recipe
from vedette.learning.training import Step, probabilities
from vedette.media.source import open_source
from vedette.planning.cascade_replay import replay
from vedette.planning.cascade_scored import Scored, Setting, Space
from vedette.records.codec import digest
from vedette.scoring.promise import mistakes
from vedette.session.common import Progress
from vedette.types.cascade import Promise, Question
from vedette.types.graph import Stream

GATE = Question({"vehicle": ("car",)}, zone=((100, 0), (220, 0), (220, 192), (100, 192)))
RATES, PROBABILITY = (0.05, 0.1), 0.9
REFERENCE = "labels"
SCENE = Scene(density=40.0, mix={"car": 3, "person": 1})
"""Some 30 cars a minute, and others that are not asked for."""
NETWORK = "s8-16-d16"
SPACE = Space(methods=("last",), frame_steps=(1, 5), most_ages=(30,), thresholds=48)
"""A small part of what may be chosen: the question here is whether a promise holds."""
LOOKING, DIFFERENCE_MS, SPECIAL_MS, REFERENCE_MS = Looking(0.1, 0.05, 0.05), 0.05, 0.05, 38.5
"""Nominal CPU milliseconds at speed 1: what is searched for needs costs, and nothing else does."""


@dataclass(frozen=True, slots=True)
class Long:
    """How long a street is drawn, and with which seeds."""

    frames: int = 20_000
    seeds: tuple[int, ...] = (1, 2, 3)
    recipe: Recipe = field(default_factory=Recipe)


QUICK = Long(2_000, (1,), Recipe(epochs=6))


@dataclass(frozen=True, eq=False, slots=True)
class Street:
    """What is seen of one street, and the half that is learned from."""

    labels: Labels
    size: tuple[int, int]
    rate: float

    @property
    def half(self) -> int:
        return len(self.labels) // 2

    def part(self, start: int, end: int) -> Labels:
        here = slice(start, end)
        seen_by = self.labels
        return Labels(
            seen_by.frame[here],
            seen_by.thumbnail[here],
            seen_by.patch[here],
            seen_by.score[here],
            seen_by.models,
        )


def streets(folder: Path, progress: Progress, *, is_quick: bool = False) -> Iterator[Row]:
    """A row for each street and rate; what ``folder`` holds already is not done again."""
    long = QUICK if is_quick else Long()
    kept = Kept(
        folder / "streets.jsonl", digest([code(*TIMING), long.frames, long.recipe, SCENE.mix])
    )
    for seed in long.seeds:
        made = kept.row(f"seed {seed}", partial(_made, long, seed, progress))
        yield from made["rows"]


def _made(long: Long, seed: int, progress: Progress) -> Row:
    return {"rows": rows(long, seed, progress)}


def rows(long: Long, seed: int, progress: Progress) -> list[Row]:
    """One street: learned once, and chosen from under each rate."""
    begun_s = time.process_time()
    progress(f"draw the street of seed {seed}", 0, 1)
    street = drawn(replace(SCENE, seed=seed, frames=long.frames))
    plain = {"question": f"drawn street, seed {seed}", "clip": "drawn", "frames": long.frames}
    plain |= {"probability": PROBABILITY}
    try:
        learned = _learned(street, long.recipe, progress)
    except (InfeasibleError, InputError) as error:
        reason = error.problems[0].found
        return [{**plain, "rate": rate, "status": "refused", "reason": reason} for rate in RATES]
    plain |= {"learning_cpu_s": time.process_time() - begun_s}
    return [{**plain, "rate": rate, **_row(street, learned, rate)} for rate in RATES]


def drawn(scene: Scene) -> Street:
    """Draw a street, film it, and look at every frame of the film."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "street.mp4"
        yes = truth(film(scene, path), GATE, scene.frames)
        with open_source(Stream("street", str(path)), threads=1) as reader:
            looks = [seen(frame, GATE) for frame in reader.frames()]
            size, rate = reader.size, float(reader.rate)
    thumbnails, patches = zip(*looks, strict=True)
    labels = Labels(
        np.arange(len(looks), dtype=np.int64),
        np.stack(thumbnails),
        np.stack(patches),
        yes[: len(looks), None].astype(np.float32),
        (REFERENCE,),
    )
    return Street(labels, size, rate)


def _learned(street: Street, recipe: Recipe, progress: Progress) -> Parts:
    material = Material(
        street.part(0, street.half),
        GATE,
        street.size,
        street.rate,
        LOOKING,
        {REFERENCE: REFERENCE_MS},
    )
    splits = split(material.truth, street.rate)

    def told(step: Step) -> None:
        progress(f"train {step.network}", step.epoch.number, step.epochs)

    fitted = fit(material, splits, [architecture(NETWORK)], recipe, folder=None, progress=told)
    return trained_parts(
        material,
        splits,
        fitted,
        most_age=max(SPACE.most_ages),
        timed=lambda _: Calls(
            {"last": DIFFERENCE_MS}, {f"{SPECIAL}:{name}": SPECIAL_MS for name in fitted}
        ),
        told=lambda done, total: progress("compare frames", done, total),
    )


def _row(street: Street, learned: Parts, rate: float) -> dict[str, Any]:
    terms = Terms(Promise(rate, rate), PROBABILITY, GATE.confidence, street.rate)
    chosen = choose(learned.tables, learned.costs, terms, SPACE)
    if chosen.problem is not None:
        return {"status": "refused", "reason": chosen.problem.found}
    end = len(street.labels)
    after = street.part(street.half, end)
    answers = _answers(after, learned, chosen.setting)
    missed, made_up = mistakes(after.truth(GATE), answers)
    return {
        "status": chosen.kind,
        "runs": list(chosen.evidence.runs),
        "bound_fn": chosen.rehearsed.missed.by_runs.upper,
        "bound_fp": chosen.rehearsed.made_up.by_runs.upper,
        "fn": counted(missed),
        "fp": counted(made_up),
        "kept": missed.keeps(rate) and made_up.keeps(rate),
    }


def _answers(after: Labels, learned: Parts, setting: Setting) -> NDArray[np.bool_]:
    """What the stages say of frames that nobody has learned from."""
    special = {
        f"{SPECIAL}:{name}": probabilities(each.network, after.patch)
        for name, each in learned.fitted.items()
    }
    changes: dict[str, NDArray[np.float32]] = {}
    if setting.difference is not None:
        method, age = setting.difference.method, setting.difference.most_age
        changes[method] = changes_by_age(learned.change, method, after.thumbnail, age)
    table = Scored(after.truth(GATE), special, changes, first={0: int(after.frame[0])})
    return replay(table, setting, learned.costs).answers


def claim(found: list[Row]) -> Claim:
    """Whether the promise held as often as it was to, among the streets where one was made."""
    made = [row for row in found if row["status"] not in ("refused", "not run")]
    share = sum(row["kept"] for row in made) / len(made) if made else None
    name = f"drawn streets: promises of probability {PROBABILITY:g} that were kept"
    reason = f"{len(made)} promises made, of {len(found)} asked for"
    return Claim(name, PROBABILITY, ">=", share, "share", "measured", None, None, reason)
