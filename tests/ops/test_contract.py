"""What every operator keeps, whoever wrote it: one suite, run on all that are registered."""

import copy
import pickle
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest
from tests.models.fakes import FakeClassifier, FakeDetector

from vedette import ops
from vedette.change import Change
from vedette.declaring.operator import operators, signatures
from vedette.image import ArrayPicture
from vedette.media.packing import pack
from vedette.models.learned import Audit
from vedette.ops.crop import crop
from vedette.ops.match import MatchColour
from vedette.ops.track import Track
from vedette.ops.transport import Encode
from vedette.running.state import pack as pack_state
from vedette.running.state import unpack
from vedette.types.cascade import Cascade, Decision, Promise, Question
from vedette.types.media import Detections, Frame, Key, Packet, Verdict

FRAMES, SIZE = 8, (96, 64)
SEEN = {n: [("car", 0.9, (4.0 + 4 * n, 10.0, 36.0 + 4 * n, 40.0))] for n in range(FRAMES)}
DETECTOR = FakeDetector(SEEN)
CHANGE = Change((0.0, 0.0, 96.0, 64.0), np.full((50, 50), 40, np.uint8), np.ones(25), -1.0)
LEARNED = Cascade(
    "learned", Question({"vehicle": ("car",)}), Promise(0.01, 0.01), "nano", SIZE, audit=0.5
)


class FakeScorer:
    """The brightness of a picture, from 0 to 1."""

    def score(self, frame: Frame) -> float:
        return float(frame.picture.bgr().mean()) / 255


MODELS = {
    "Detector": DETECTOR,
    "Classifier": FakeClassifier(),
    "Change": CHANGE,
    "Scorer": FakeScorer(),
    "Audit": Audit(LEARNED),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "detect": {"classes": {"vehicle": ["car"]}},
    "match_colour": {"colour": "white"},
    "every": {"step": 3},
    "special": {"low": 0.2, "high": 0.3},
    "glance": {"classes": {"vehicle": ["car"]}, "low": 0.2, "high": 0.95},
    "settle": {"classes": {"vehicle": ["car"]}},
    "compare": {"threshold": 0.1, "most_age": 3},
    "encode": {"kind": "frame"},
    "decode": {"kind": "frame"},
    "sample": {"rate_fps": 10},
    "alert": {"min_duration_s": 0.1},
    "presence": {"classes": {"vehicle": ["car"]}, "zone": [[20, 0], [60, 0], [60, 64], [20, 64]]},
    "zone": {"zones": {"left": [[0, 0], [40, 0], [40, 64], [0, 64]]}},
}
NAMES = sorted(
    name for name, made in operators().items() if made.__module__.startswith(ops.__name__)
)


def frame(number: int) -> Frame:
    pixels = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    pixels[10:40, 4 + 4 * number : 36 + 4 * number] = 230
    region = (0.0, 0.0, float(SIZE[0]), float(SIZE[1]))
    return Frame(Key("gate", number), Fraction(number, 25), ArrayPicture(pixels), SIZE, region)


def found(number: int) -> Detections:
    return DETECTOR.detect([frame(number)], confidence=0.3)[0]


def inputs(kind: str, arity: str) -> list[Any]:
    """One item of a type for each of some frames; a tuple of one where items are gathered."""
    tracked = list(map(Track(), map(found, range(FRAMES))))
    crops = [crop(frame(n), each)[0] for n, each in enumerate(tracked)]
    colour = MatchColour(colour="white", min_side=0.01)
    made: dict[str, Callable[[], list[Any]]] = {
        "Frame": lambda: [frame(n) for n in range(FRAMES)],
        "Any": lambda: [frame(n) for n in range(FRAMES)],
        "Detections": lambda: tracked,
        "Crop": lambda: crops,
        "Match": lambda: [colour(each) for each in crops],
        "Packet": packets,
        "Verdict": verdicts,
    }
    return [(each,) for each in made[kind]()] if arity == "all" else made[kind]()


def verdicts() -> list[Any]:
    """Of every kind, and of some frames none."""
    decisions: tuple[Decision, ...] = ("no", "same", "yes", "unsure")
    return [
        Verdict(Key("gate", n), Fraction(n, 25), SIZE, decision, n / FRAMES)
        for n in range(FRAMES)
        for decision in decisions[n % 4 : n % 4 + 1]
    ]


def packets() -> list[Any]:
    """As a sender makes them that passes a checkpoint half-way."""
    coder, sent = Encode(kind="frame"), []
    for number in range(FRAMES):
        if number == FRAMES // 2:
            coder.checkpoint()
        sent.append(coder(frame(number)))
    return sent


def calls(name: str) -> list[tuple[Any, ...]]:
    ports = signatures()[name].inputs
    return list(zip(*(inputs(port.type, port.arity) for port in ports), strict=True))


def fresh(name: str) -> tuple[Any, Callable[..., Any]]:
    """An operator as an executor makes it, and how it is called."""
    signature, made = signatures()[name], operators()[name]
    models = {name: MODELS[kind] for name, kind in signature.kinds.items()}
    if signature.stateful:
        instance = made(**SETTINGS.get(name, {}))
        return instance, partial(instance, **models)
    return made, partial(made, **SETTINGS.get(name, {}), **models)


def told(item: Any) -> Any:
    """What an item says, to compare: pictures by their pixels."""
    if item is None or isinstance(item, tuple):
        return item and tuple(map(told, item))
    if isinstance(item, Frame):
        return item.key, item.time_s, item.size, item.region, item.picture.bgr().tobytes()
    return item.payload if isinstance(item, Packet) else pack(item)


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_leaves_its_inputs_as_they_are(name: str) -> None:
    _, call = fresh(name)
    given = calls(name)
    before = [told(each) for each in given]
    results = [call(*each) for each in given]
    assert [told(each) for each in given] == before
    assert len(results) == FRAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_fresh_copy_gives_the_same_results(name: str) -> None:
    given = calls(name)
    (_, one), (_, other) = fresh(name), fresh(name)
    assert [told(one(*each)) for each in given] == [told(other(*each)) for each in given]


@pytest.mark.parametrize("name", NAMES)
def test_results_can_be_pickled_and_stay_read_only(name: str) -> None:
    _, call = fresh(name)
    results = [call(*each) for each in calls(name)]
    again = pickle.loads(pickle.dumps(results))
    assert [told(each) for each in again] == [told(each) for each in results]


@pytest.mark.parametrize("name", [each for each in NAMES if signatures()[each].stateful])
def test_a_stateful_operator_goes_on_from_its_saved_state(name: str) -> None:
    given, half = calls(name), FRAMES // 2
    instance, call = fresh(name)
    for each in given[:half]:
        call(*each)
    if hasattr(instance, "checkpoint"):
        instance.checkpoint()
    saved = pack_state(copy.deepcopy(instance.state))
    expected = [told(call(*each)) for each in given[half:]]
    resumed, again = fresh(name)
    resumed.state = unpack(saved, resumed.state)
    assert [told(again(*each)) for each in given[half:]] == expected
