"""Training: it learns, it gives the same twice, and it goes on where it was stopped."""

import json
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.learning.made import QUICK, folds, street

from vedette.errors import InfeasibleError, InputError, ModelError
from vedette.learning.dataset import Samples
from vedette.learning.networks import Network, architecture, exported
from vedette.learning.trainer import Recipe
from vedette.learning.training import (
    CHECKPOINT,
    CURVE,
    Step,
    Trained,
    carved,
    cross_fit,
    probabilities,
    train,
)
from vedette.models.onnx_backend import OnnxBackend

ROOT = Path(__file__).parents[2]
SMALL = architecture("s8-16-d16")


@pytest.fixture(autouse=True, scope="module")
def _torch() -> None:
    pytest.importorskip("torch", reason="needs the torch extra")


@pytest.fixture(scope="module")
def samples() -> Samples:
    return street()


@pytest.fixture(scope="module")
def undisturbed(samples: Samples) -> Trained:
    return train(samples, SMALL, QUICK)


def same(one: Network, other: Network) -> bool:
    names = one.weights.keys() == other.weights.keys()
    return names and all(np.array_equal(one.weights[k], other.weights[k]) for k in one.weights)


class StoppedError(Exception):
    """What a progress callback raises."""


class Stopper:
    """Listens to progress until an epoch, and then no more."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.heard: list[Step] = []

    def __call__(self, step: Step) -> None:
        self.heard.append(step)
        if step.epoch.number == self.epoch:
            raise StoppedError


def test_a_network_learns_what_is_there(samples: Samples) -> None:
    found = train(samples, SMALL, Recipe(epochs=12, draws=(512, 512), batch=32))
    others = street(seed=9)
    right = (probabilities(found.network, others.pixels) > 0.5) == others.labels
    assert right.mean() > 0.95


def test_the_same_seed_gives_the_same_weights(samples: Samples, undisturbed: Trained) -> None:
    again = train(samples, SMALL, QUICK)
    assert same(again.network, undisturbed.network)
    assert again.curve == undisturbed.curve
    assert not same(train(samples, SMALL, replace(QUICK, seed=1)).network, again.network)


def test_an_exported_network_says_what_torch_says(
    samples: Samples, undisturbed: Trained, tmp_path: Path
) -> None:
    network = replace(undisturbed.network, slope=1.7, offset=0.3)
    (tmp_path / "special.onnx").write_bytes(exported(network))
    backend = OnnxBackend(tmp_path / "special.onnx", input="pixels", any_size=False)
    inputs = np.ascontiguousarray(samples.pixels.transpose(0, 3, 1, 2)).astype(np.float32) / 255
    found = backend.submit({"pixels": inputs}).result()["probability"]
    np.testing.assert_allclose(found, probabilities(network, samples.pixels), atol=1e-5)


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_stopped_run_goes_on_to_the_same_weights(
    epoch: int, samples: Samples, undisturbed: Trained, tmp_path: Path
) -> None:
    with pytest.raises(StoppedError):
        train(samples, SMALL, QUICK, folder=tmp_path, progress=Stopper(epoch))
    listener = Stopper(99)
    found = train(samples, SMALL, QUICK, folder=tmp_path, progress=listener)
    assert [each.epoch.number for each in listener.heard] == list(range(epoch + 1, 5))
    assert same(found.network, undisturbed.network)
    assert (found.curve, found.best) == (undisturbed.curve, undisturbed.best)


def test_a_run_that_is_over_is_not_run_again(samples: Samples, tmp_path: Path) -> None:
    first = train(samples, SMALL, QUICK, folder=tmp_path)
    again = train(samples, SMALL, QUICK, folder=tmp_path, progress=Stopper(4))
    assert same(again.network, first.network)
    assert again.cpu_s == first.cpu_s


@pytest.mark.parametrize("what", ["samples", "seed", "torn", "pickle"])
def test_the_state_of_something_else_is_not_used(
    what: str, samples: Samples, undisturbed: Trained, tmp_path: Path
) -> None:
    changed: dict[str, Callable[[], object]] = {
        "samples": lambda: train(street(seed=5), SMALL, QUICK, folder=tmp_path),
        "seed": lambda: train(samples, SMALL, replace(QUICK, seed=3), folder=tmp_path),
        "torn": lambda: (tmp_path / CHECKPOINT).write_bytes(b"PK\x03\x04"),
        "pickle": lambda: (tmp_path / CHECKPOINT).write_bytes(pickle.dumps(Stopper(1))),
    }
    changed[what]()
    found = train(samples, SMALL, QUICK, folder=tmp_path)
    assert same(found.network, undisturbed.network)


def test_learning_curves_are_saved(samples: Samples, tmp_path: Path) -> None:
    found = train(samples, SMALL, QUICK, folder=tmp_path)
    curve = json.loads((tmp_path / CURVE).read_text())
    assert curve["best"] == found.best
    assert [each["validation"] for each in curve["epochs"]] == [
        each.validation for each in found.curve
    ]


def test_it_stops_when_validation_gets_no_better(samples: Samples) -> None:
    shuffled = replace(samples, labels=np.random.default_rng(0).permutation(samples.labels))
    found = train(shuffled, SMALL, replace(QUICK, epochs=30, patience=2))
    assert len(found.curve) < 30
    assert len(found.curve) - found.best == 2


def test_progress_tells_the_longest_that_is_left(samples: Samples) -> None:
    listener = Stopper(99)
    train(samples, SMALL, QUICK, progress=listener, name="gate")
    assert {each.network for each in listener.heard} == {"gate"}
    assert listener.heard[0].left_s > 0
    assert listener.heard[-1].left_s == 0


def test_a_loss_that_is_no_number_is_told(samples: Samples) -> None:
    with pytest.raises(ModelError, match="a lower rate"):
        train(samples, SMALL, replace(QUICK, rate=1e30))


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"patience": 0}, {"draws": (9, 2)}, {"rate": 0.0}, {"seed": -1}]
)
def test_settings_that_train_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="1 or more epochs"):
        Recipe(**wrong)


def test_one_answer_alone_trains_nothing(samples: Samples) -> None:
    rows = np.flatnonzero(samples.labels)
    with pytest.raises(InfeasibleError, match="120 yes and 0 no"):
        train(samples, SMALL, QUICK, rows=rows)


def test_without_torch_it_says_what_to_install(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelError, match=r"pip install 'vedette\[torch\]'"):
        train(samples, SMALL, QUICK)


def test_cross_fitting_scores_every_row_by_a_network_that_did_not_see_it(
    samples: Samples,
) -> None:
    parts = folds(samples)
    found = cross_fit(samples, SMALL, parts, QUICK)
    for run, (trained, scored) in zip(found.folds, parts, strict=True):
        assert same(run.network, train(samples, SMALL, QUICK, rows=trained).network)
        calibrated = replace(run.network, slope=found.network.slope, offset=found.network.offset)
        np.testing.assert_allclose(
            found.probability[scored], probabilities(calibrated, samples.pixels[scored]), rtol=1e-5
        )
    assert same(found.network, found.final.network)
    assert found.cpu_s >= found.final.cpu_s


def test_rows_that_no_fold_holds_out_have_no_score(samples: Samples) -> None:
    trained, scored = folds(samples)[0]
    found = cross_fit(samples, SMALL, [(trained, scored)], QUICK)
    assert np.isnan(found.probability[trained]).all()
    assert not np.isnan(found.probability[scored]).any()


def test_folds_that_hold_nothing_out_are_refused(samples: Samples) -> None:
    (first, second), other = folds(samples)
    with pytest.raises(InputError, match="scores what it trains on"):
        cross_fit(samples, SMALL, [(first, np.append(second, first[0]))], QUICK)
    with pytest.raises(InputError, match="score the same"):
        cross_fit(samples, SMALL, [(first, second), (first, second), other], QUICK)
    with pytest.raises(InputError, match="no folds"):
        cross_fit(samples, SMALL, [], QUICK)


def test_what_validates_is_whole_stretches_with_both_answers() -> None:
    labels = np.arange(400) // 25 % 2 == 1
    learned, validated = carved(labels)
    assert len(validated) == 80
    assert np.flatnonzero(np.diff(validated) > 1).tolist() == [19, 39, 59]
    assert 0 < labels[validated].sum() < 80
    assert np.array_equal(np.union1d(learned, validated), np.arange(400))


def test_a_rare_answer_is_on_both_sides() -> None:
    labels = np.arange(400) < 20
    learned, validated = carved(labels)
    assert labels[learned].sum() == 16
    assert labels[validated].sum() == 4


@pytest.mark.slow
def test_a_killed_process_goes_on_to_the_same_network(tmp_path: Path) -> None:
    def run(folder: Path, *dies: str) -> int:
        command = [sys.executable, "-m", "tests.learning.killed_child", str(folder), *dies]
        path = {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        return subprocess.run(command, cwd=ROOT, env=path, timeout=120, check=False).returncode

    assert run(tmp_path / "undisturbed") == 0
    assert run(tmp_path / "killed", "fold 1", "2") == -signal.SIGKILL
    assert run(tmp_path / "killed", "fold 2", "3") == -signal.SIGKILL
    assert run(tmp_path / "killed") == 0
    found = [(tmp_path / each / "special.onnx").read_bytes() for each in ("undisturbed", "killed")]
    assert found[0] == found[1]
