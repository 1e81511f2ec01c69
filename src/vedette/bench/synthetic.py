"""A synthetic street of any length, with exact labels: drawn, not filmed, and it says so.

Textured shapes drive and walk over a textured background under light that drifts and switches,
noise and rain; every frame's boxes are known. Detectors trained on photographs do not know these
shapes: the labels are the reference. It is there for what no short clip can show, that a promise
is kept with a stated probability, and proves nothing about cameras. Equal scenes give equal files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vedette.boxes import centres, inside
from vedette.image import ArrayPicture
from vedette.interop import write_annotations
from vedette.media.render import render
from vedette.types.annotations import Annotations
from vedette.types.cascade import Question

Picture = NDArray[np.uint8]

SHAPES: Mapping[str, tuple[float, float, float]] = {
    "car": (0.15, 0.13, 0.9),
    "bicycle": (0.07, 0.12, 0.5),
    "person": (0.035, 0.15, 0.3),
}
"""Width and height as shares of the picture's width and height, widths of the picture in 3 s."""
QP = 26
_LOOKS = 12
_NOISES = 24
_SPREAD = 0.25
_OUTSIDE = 1e-6


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be drawn.

    ``mix``: how often each class comes, relative to the others; ``density``: objects that enter in
    a minute, at random instants; ``scale``: their size, 1 for a car of 15% of the width.
    ``drift``: the most that the light differs from its mean, swinging once in ``drift_s``;
    ``switches``: instants (s) at which lights go on or off, a step of ``switch``. ``noise``: its
    standard deviation in grey levels; ``rain``: streaks in a frame.
    """

    seed: int = 0
    frames: int = 20_000
    rate: Fraction = Fraction(25)
    size: tuple[int, int] = (320, 192)
    mix: Mapping[str, float] = field(default_factory=lambda: {"car": 3, "person": 2, "bicycle": 1})
    density: float = 24.0
    scale: float = 1.0
    drift: float = 0.15
    drift_s: float = 240.0
    switches: tuple[float, ...] = ()
    switch: float = 0.4
    noise: float = 3.0
    rain: int = 0


@dataclass(frozen=True, slots=True)
class Actor:
    """One object: it enters at ``start`` (frames) and crosses at ``speed`` pixels a frame.

    ``line`` is where it stands (y); a negative speed goes to the left.
    """

    label: str
    start: float
    speed: float
    line: float
    size: tuple[int, int]
    look: int

    def box(self, frame: int, width: int) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1, wherever that is."""
        gone = (frame - self.start) * abs(self.speed)
        left = gone - self.size[0] if self.speed > 0 else width - gone
        return left, self.line - self.size[1], left + self.size[0], self.line


def cast(scene: Scene) -> tuple[Actor, ...]:
    """Who comes, and when: a Poisson process in time, in the order in which they enter.

    >>> [actor.label for actor in cast(Scene(seed=1, frames=500))]
    ['car', 'car', 'car', 'car', 'person', 'person']
    """
    rng = np.random.default_rng([scene.seed, 1])
    width, height = scene.size
    names = sorted(scene.mix)
    odds = np.array([scene.mix[name] for name in names], np.float64)
    mean = float(scene.rate) * 60 / scene.density
    actors, start = [], float(rng.exponential(mean))
    while start < scene.frames:
        label = names[int(rng.choice(len(names), p=odds / odds.sum()))]
        across, down, speed = SHAPES[label]
        size = scene.scale * float(rng.uniform(1 - _SPREAD, 1 + _SPREAD))
        pace = speed * width / (3 * float(scene.rate)) * float(rng.uniform(0.7, 1.3))
        actors.append(
            Actor(
                label,
                start,
                pace * float(rng.choice([-1, 1])),
                height * float(rng.uniform(0.55, 0.95)),
                (max(2, round(across * size * width)), max(2, round(down * size * height))),
                int(rng.integers(_LOOKS)),
            )
        )
        start += float(rng.exponential(mean))
    return tuple(actors)


def labels(scene: Scene) -> Annotations:
    """Every object whose centre is in the picture, its box cut at the edges; a track an object."""
    width, height = scene.size
    actors = cast(scene)
    rows = []
    for track, actor in enumerate(actors, 1):
        steps = int((width + actor.size[0]) / abs(actor.speed)) + 2
        for frame in range(int(actor.start), min(scene.frames, int(actor.start) + steps)):
            x0, y0, x1, y1 = actor.box(frame, width)
            if 0 <= (x0 + x1) / 2 < width:
                box = max(x0, 0.0), max(y0, 0.0), min(x1, width), min(y1, height)
                rows.append((frame, track, *box, sorted(SHAPES).index(actor.label)))
    table = np.array(rows, np.float64).reshape(-1, 7)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    return Annotations(
        covered=np.arange(scene.frames, dtype=np.int32),
        frame=table[:, 0].astype(np.int32),
        track=table[:, 1].astype(np.int32),
        box=table[:, 2:6].astype(np.float32),
        confidence=np.ones(len(table), np.float32),
        label=table[:, 6].astype(np.int32),
        labels=tuple(sorted(SHAPES)),
    )


def truth(seen: Annotations, question: Question, frames: int) -> NDArray[np.bool_]:
    """What labels answer to a question, (frames,): is a box of it, sure enough, in the zone?"""
    asked = [name for names in question.classes.values() for name in names]
    held = np.isin(seen.label, [seen.labels.index(each) for each in asked if each in seen.labels])
    held &= seen.confidence >= max(question.confidence, _OUTSIDE)
    if question.zone is not None:
        held &= inside(np.array(question.zone), centres(seen.box))
    yes = np.zeros(frames, np.bool_)
    yes[seen.frame[held & (seen.frame < frames)]] = True
    return yes


def film(scene: Scene, path: Path) -> Annotations:
    """Writes the video (H.264, .mp4 or .mkv) and, beside it, ``NAME.mot.txt``; returns the labels.

    20,000 frames of 320 x 192 take under a minute of one core.
    """
    render(map(ArrayPicture, pictures(scene)), path, rate=scene.rate, qp=QP)
    seen = labels(scene)
    write_annotations(path.with_suffix(".mot.txt"), seen, scene.size)
    return seen


def pictures(scene: Scene) -> Iterator[Picture]:
    """The frames, (height, width, 3) BGR, one after the other."""
    rng = np.random.default_rng([scene.seed, 2])
    width, height = scene.size
    ground = _ground(rng, width, height)
    looks = {name: [_look(rng, name) for _ in range(_LOOKS)] for name in sorted(SHAPES)}
    noises = rng.normal(0, scene.noise, (_NOISES, height, width, 3)).astype(np.int16)
    waiting = list(reversed(cast(scene)))
    present: list[Actor] = []
    for frame in range(scene.frames):
        while waiting and waiting[-1].start <= frame:
            present.append(waiting.pop())
        present = [each for each in present if _is_there(each.box(frame, width), width)]
        picture = ground.copy()
        for actor in sorted(present, key=lambda each: each.line):
            _draw(picture, looks[actor.label][actor.look], actor.box(frame, width))
        for x, y, long in rng.integers(0, (width, height, 9), (scene.rain, 3)).tolist():
            cv2.line(picture, (x, y), (x - 1, y + 3 + long), (200, 200, 200))
        lit = cv2.convertScaleAbs(picture, alpha=light(scene, frame))
        yield np.asarray(cv2.add(lit, noises[rng.integers(_NOISES)], dtype=cv2.CV_8U), np.uint8)


def light(scene: Scene, frame: int) -> float:
    """What every pixel is multiplied by.

    >>> round(light(Scene(drift=0.0, switches=(1.0,)), 25), 2)
    0.6
    """
    time_s = frame / float(scene.rate)
    dark = sum(each <= time_s for each in scene.switches) % 2
    swing = float(np.sin(2 * np.pi * time_s / scene.drift_s))
    return (1 + scene.drift * swing) * (1 - scene.switch * dark)


def _is_there(box: tuple[float, float, float, float], width: int) -> bool:
    return box[0] < width and box[2] > 0


def _draw(picture: Picture, look: Picture, box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = (round(each) for each in box)
    shape = np.asarray(cv2.resize(look, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA))
    left, top = max(x0, 0), max(y0, 0)
    here = picture[top : max(y1, 0), left : max(x1, 0)]
    seen = shape[top - y0 : top - y0 + len(here), left - x0 : left - x0 + here.shape[1]]
    np.copyto(here, seen[..., :3], where=seen[..., 3:] > 127)


def _ground(rng: np.random.Generator, width: int, height: int) -> Picture:
    """A sky-lit street: coarse and fine texture, a kerb, lane marks."""
    ground = _texture(rng, (height, width), 24, 9) + _texture(rng, (height, width), 3, 7)
    ground += np.linspace(150, 95, height)[:, None]
    ground[int(height * 0.5) : int(height * 0.5) + 2] += 40
    for x in range(0, width, max(8, width // 10)):
        ground[int(height * 0.75) : int(height * 0.75) + 2, x : x + max(4, width // 20)] += 70
    tint = np.array([1.03, 1.0, 0.96])
    return np.asarray(np.clip(ground[..., None] * tint, 0, 255), np.uint8)


def _look(rng: np.random.Generator, label: str) -> Picture:
    """How one object looks: BGR and what of it is there, (64, 64, 4)."""
    colour = rng.integers(20, 235, 3).astype(np.float64)
    painted = np.clip(colour + _texture(rng, (64, 64), 8, 22)[..., None], 0, 255)
    look = np.dstack([painted, np.zeros((64, 64))]).astype(np.uint8)
    dark = (25, 25, 25, 255)
    mask = np.zeros((64, 64), np.uint8)
    if label == "car":
        cv2.rectangle(mask, (0, 22), (63, 54), 255, -1)
        cv2.rectangle(mask, (12, 0), (50, 24), 255, -1)
        cv2.rectangle(look, (16, 5), (46, 20), dark, -1)
        for x in (14, 50):
            cv2.circle(look, (x, 54), 9, dark, -1)
            cv2.circle(mask, (x, 54), 9, 255, -1)
    elif label == "person":
        cv2.circle(mask, (32, 9), 9, 255, -1)
        cv2.ellipse(mask, (32, 40), (31, 24), 0, 0, 360, 255, -1)
    else:
        for x in (14, 50):
            cv2.circle(mask, (x, 48), 13, 255, 4)
        cv2.ellipse(mask, (32, 22), (14, 22), 0, 0, 360, 255, -1)
    look[..., 3] = mask
    return look


def _texture(
    rng: np.random.Generator, shape: tuple[int, int], grain: int, contrast: float
) -> NDArray[np.float64]:
    """Smooth noise with that many pixels a grain, and that standard deviation."""
    coarse = rng.normal(0, contrast, (max(2, shape[0] // grain), max(2, shape[1] // grain)))
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC))
