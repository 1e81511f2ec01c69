"""Frames that travel as pictures by themselves: forecast, charged and chosen beside H.264."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.planning.conftest import FRAMES, City, build_city, scores, trace

from vedette.errors import RecordError
from vedette.planning.baseline import baseline_choice
from vedette.planning.choose import choose
from vedette.planning.compose import compose
from vedette.planning.cost import figures
from vedette.planning.expand import expand
from vedette.planning.options import Limits
from vedette.types.graph import SOURCE, Choice, Objective, Scalar, Transport
from vedette.types.profile import Sweep, Trace

BASE: Choice = {"sample.rate_fps": SOURCE, "detect.model": "plain", "transport.qp": SOURCE}
JPEG = "jpeg 90"


def stills(kilobytes: float, encode_ms: float) -> Trace:
    """Golden but for frames that take so much each, wherever they leave."""
    found = trace({**BASE, "detect.model": "tiled"})
    steps = dict(found.steps)
    for name in ("street", "sample"):
        sent = (found.steps[name].items > 0).astype(np.float64)
        steps[name] = replace(
            steps[name],
            size_bytes=sent * kilobytes * 1e3,
            encode_s=sent * encode_ms / 1e3,
            decode_s=sent * encode_ms / 1e3,
        )
    return replace(found, choice={**found.choice, "transport.qp": JPEG}, steps=steps)


def city(*qualities: int | str, kilobytes: float = 12.0, encode_ms: float = 0.5) -> City:
    plain = build_city()
    transport = Transport(qp=qualities)
    sweeps = dict(plain.profile.sweeps)
    sweeps["transport.qp", JPEG] = Sweep(stills(kilobytes, encode_ms), scores(0.99))
    return replace(
        plain,
        workflow=replace(plain.workflow, transport=transport),
        profile=replace(plain.profile, sweeps=sweeps),
    )


def composed(given: City, **choice: Scalar) -> Trace:
    named = {**BASE, **{name.replace("__", "."): value for name, value in choice.items()}}
    return compose(given.profile, named, expand(given.workflow, named, given.variants))


def test_a_still_is_as_large_whatever_rate_frames_come_at() -> None:
    """H.264 of every fifth frame takes twice as much each; a JPEG as much as before."""
    given = city(30, JPEG)
    moving = composed(given, transport__qp=30, sample__rate_fps=5).steps["sample"]
    still = composed(given, transport__qp=JPEG, sample__rate_fps=5).steps["sample"]
    kept = np.tile(np.arange(FRAMES) % 5 == 0, 2)
    assert moving.size_bytes[kept] == pytest.approx(2 * 5.0 * 1e3)
    assert still.size_bytes[kept] == pytest.approx(12e3)
    assert still.size_bytes[~kept] == pytest.approx(0)
    assert still.encode_s[kept] == pytest.approx(0.5e-3)


def placed(given: City, qp: Scalar, encoder: str) -> Any:
    devices = tuple(
        replace(each, encoder=encoder) if each.name == "camera" else each
        for each in given.cluster.devices
    )
    choice = {**BASE, "transport.qp": qp}
    workflow = expand(given.workflow, choice, given.variants)
    at = {step.name: "edge" for step in workflow.steps}
    found = compose(given.profile, choice, workflow)
    return figures(workflow, at, replace(given.cluster, devices=devices), found, given.signatures)


@pytest.mark.parametrize("qp", [30, JPEG])
def test_an_encoder_is_free_for_its_own_codec_alone(qp: Scalar) -> None:
    given = city(30, JPEG)
    mine, other = ("h264", "jpeg") if qp == 30 else ("jpeg", "h264")
    reading = 0.05  # the source's own, in this profile
    assert placed(given, qp, mine).load["camera"] == pytest.approx(reading)
    assert placed(given, qp, other).load["camera"] > 1.5 * reading


def test_the_coding_with_the_fewest_bytes_at_an_accuracy_is_chosen() -> None:
    for kilobytes, expected in ((40.0, 18), (2.0, JPEG)):
        given = city(18, JPEG, kilobytes=kilobytes)
        ranking = choose(
            given.profile,
            replace(given.workflow, objective=Objective({"camera_mbps": 1.0}, {"event_f1": 0.9})),
            given.cluster,
            given.variants,
            given.signatures,
            limits=Limits(
                held={"sample.rate_fps": SOURCE, "detect.model": "plain"},
                pinned=dict.fromkeys(("sample", "detect", "track", "alert"), "edge"),
            ),
        )
        assert ranking.to_verify[-1].choice["transport.qp"] == expected


def test_the_baseline_has_the_highest_quantiser_or_where_there_is_none_the_last_still() -> None:
    assert baseline_choice(city(18, JPEG).profile, city(18, JPEG).workflow)[0]["transport.qp"] == 18
    assert baseline_choice(city(JPEG).profile, city(JPEG).workflow)[0]["transport.qp"] == JPEG


def test_a_coding_that_nobody_measured_is_refused() -> None:
    with pytest.raises(RecordError, match=r"a profile without transport\.qp = webp 80"):
        composed(city(30, JPEG), transport__qp="webp 80")
