"""The one module of learning that knows torch: epochs, raw scores, and a trainer's state as bytes.

All chance (first weights, which samples an epoch draws, how they are varied, which units drop out)
comes from the seed and the epoch's number, so nothing of it has to be saved to go on.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vedette.errors import InputError, ModelError, Problem
from vedette.image import planar
from vedette.learning.networks import Architecture, Convolution, Network, Weights
from vedette.types.media import Pixels

Floats = NDArray[np.float32]
Labels = NDArray[np.bool_]

_SCORED_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    At most ``epochs``, and no more once ``patience`` of them in a row did not better the loss on
    the validation part. An epoch draws as many samples as there are, within ``draws`` (fewest,
    most), as many yes as no, in batches of ``batch``. ``rate`` and ``decay`` are AdamW's
    (Loshchilov and Hutter, 2019), ``dropout`` is of the hidden units. Pictures vary by ``gain``,
    ``shade`` and ``noise`` (of the full range) and move by up to ``shift`` pixels. ``threads`` are
    torch's; only equal ones give equal weights.
    """

    epochs: int = 40
    patience: int = 6
    draws: tuple[int, int] = (1024, 4096)
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-2
    dropout: float = 0.3
    gain: float = 0.2
    shade: float = 0.1
    noise: float = 0.02
    shift: int = 1
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        fewest, most = self.draws
        if min(self.epochs, self.patience, self.threads) < 1 or not 2 <= self.batch <= most:
            raise _unfit(f"{self.epochs} epochs, patience {self.patience}, batches of {self.batch}")
        if not 2 <= fewest <= most or self.rate <= 0 or self.seed < 0:
            raise _unfit(f"draws {self.draws}, rate {self.rate:g}, seed {self.seed}")


QUICK = Recipe(epochs=8, patience=3, draws=(1024, 1024))
"""To see how learning goes; nothing to promise much with."""


class Trainer:
    """A network while it learns from samples that are in memory.

    ``pixels`` (n, 50, 50, 3) uint8 and ``labels`` (n,) bool; ``mean`` (3, 50, 50) is taken off.
    """

    def __init__(
        self, shape: Architecture, mean: Floats, recipe: Recipe, pixels: Pixels, labels: Labels
    ) -> None:
        self._torch = torch = _torch()
        self._shape, self._mean, self._recipe = shape, mean, recipe
        self._pixels, self._labels = pixels, labels
        self._values = {
            name: torch.from_numpy(array).requires_grad_()
            for name, array in _first_weights(shape, recipe.seed).items()
        }
        self._optimizer = torch.optim.AdamW(
            self._values.values(), lr=recipe.rate, weight_decay=recipe.decay
        )

    def epoch(self, number: int, rows: NDArray[np.int64]) -> float:
        """Learn from a draw of the rows; returns the mean loss over it."""
        recipe, torch = self._recipe, self._torch
        chance = np.random.default_rng((recipe.seed, number))
        count = min(max(len(rows), recipe.draws[0]), recipe.draws[1])
        drawn = _balanced(rows, self._labels[rows], count, chance)
        side = self._pixels.shape[1]
        noise = chance.standard_normal((recipe.batch, 3, side, side), np.float32) * np.float32(
            recipe.noise
        )
        total = 0.0
        with _steady(torch, recipe.threads), torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(chance.integers(2**31)))
            for start in range(0, len(drawn), recipe.batch):
                total += self._step(drawn[start : start + recipe.batch], noise, chance)
        return total / len(drawn)

    def _step(self, rows: NDArray[np.int64], noise: Floats, chance: np.random.Generator) -> float:
        torch, recipe = self._torch, self._recipe
        varied = _varied(planar(self._pixels[rows]), noise, recipe, chance)
        varied -= self._mean
        wanted = torch.from_numpy(self._labels[rows].astype(np.float32))
        logits = _logits(torch, self._shape, self._values, torch.from_numpy(varied), recipe.dropout)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return float(loss.item()) * len(rows)

    def logits(self, rows: NDArray[np.int64]) -> Floats:
        """Raw scores of the rows, as they are."""
        return logits(self.network(), self._pixels[rows], threads=self._recipe.threads)

    def network(self) -> Network:
        """What has been learned so far, a copy."""
        weights = {name: value.detach().numpy().copy() for name, value in self._values.items()}
        return Network(self._shape, weights, self._mean)

    def saved(self, more: Mapping[str, Any]) -> bytes:
        """All of the state as bytes, with numbers, texts, lists and arrays that go with it."""
        torch = self._torch
        content = io.BytesIO()
        kept = {
            name: {key: torch.from_numpy(array) for key, array in value.items()}
            if isinstance(value, dict)
            else value
            for name, value in more.items()
        }
        values = {name: value.detach() for name, value in self._values.items()}
        state = {"values": values, "optimizer": self._optimizer.state_dict(), "more": kept}
        torch.save(state, content)
        return content.getvalue()

    def restore(self, content: bytes, key: str) -> Mapping[str, Any] | None:
        """Take back a state that was saved with that ``key``; returns what went with it.

        None, and nothing is changed, where the bytes are something else. Runs no code of theirs.
        """
        torch = self._torch
        try:
            state = torch.load(io.BytesIO(content), weights_only=True)
            more: dict[str, Any] = state["more"]
            if more["key"] != key:
                return None
            with torch.no_grad():
                for name, value in self._values.items():
                    value.copy_(state["values"][name])
            self._optimizer.load_state_dict(state["optimizer"])
        except Exception:  # noqa: BLE001  # torch raises what it likes; the bytes are not a state
            return None
        return {
            name: {part: tensor.numpy() for part, tensor in value.items()}
            if isinstance(value, dict)
            else value
            for name, value in more.items()
        }


def version() -> str:
    """Torch's version: another one may come to other weights. Raises ModelError without torch."""
    return str(_torch().__version__)


def logits(network: Network, pixels: Pixels, *, threads: int = 1) -> Floats:
    """Raw scores (n,) of (n, 50, 50, 3) uint8 pixels: the yes side is greater than 0."""
    torch = _torch()
    values = {name: torch.from_numpy(array) for name, array in network.weights.items()}
    found = [np.empty(0, np.float32)]
    with _steady(torch, threads), torch.inference_mode():
        for start in range(0, len(pixels), _SCORED_AT_ONCE):
            inputs = planar(pixels[start : start + _SCORED_AT_ONCE]) - network.mean
            scores = _logits(torch, network.architecture, values, torch.from_numpy(inputs), 0.0)
            found.append(scores.numpy())
    return np.concatenate(found)


def _logits(torch: Any, shape: Architecture, values: Mapping[str, Any], x: Any, drop: float) -> Any:
    call = torch.nn.functional
    for name, layer in shape.layers:
        weight, bias = values[f"{name}.weight"], values[f"{name}.bias"]
        if isinstance(layer, Convolution):
            x = call.relu(call.max_pool2d(call.conv2d(x, weight, bias, stride=layer.stride), 2))
        elif layer.outputs == 1:
            x = call.linear(call.dropout(x, drop), weight, bias)
        else:
            x = call.relu(call.linear(x.flatten(1), weight, bias))
    return x[:, 0]


def _first_weights(shape: Architecture, seed: int) -> Weights:
    """He's (2015); the first layer's are greater, since it sees pixels of a tenth or so."""
    chance = np.random.default_rng(seed)
    found: dict[str, Floats] = {}
    for i, (name, layer) in enumerate(shape.layers):
        if isinstance(layer, Convolution):
            size: tuple[int, ...] = (layer.filters, layer.inputs, 3, 3)
        else:
            size = (layer.outputs, layer.inputs)
        deviation = np.sqrt(2 / np.prod(size[1:])) * (4 if i == 0 else 1)
        found[f"{name}.weight"] = chance.normal(0, deviation, size).astype(np.float32)
        found[f"{name}.bias"] = np.zeros(size[0], np.float32)
    return found


def _balanced(
    rows: NDArray[np.int64], labels: Labels, count: int, chance: np.random.Generator
) -> NDArray[np.int64]:
    """As many yes as no, each sample as seldom twice as can be, in no order."""
    half = count // 2
    picked = []
    for side in (rows[labels], rows[~labels]):
        rounds = -(-half // len(side))
        picked.append(np.concatenate([chance.permutation(side) for _ in range(rounds)])[:half])
    drawn: NDArray[np.int64] = chance.permutation(np.concatenate(picked))
    return drawn


def _varied(inputs: Floats, noise: Floats, recipe: Recipe, chance: np.random.Generator) -> Floats:
    """Other light, a noisier sensor, a shaken mast: what a fixed camera may see of the same.

    ``noise`` (batch, 3, side, side) is dealt out anew each time: to draw it costs as much as to
    learn from it.
    """
    count, _, side, _ = inputs.shape
    pad = recipe.shift
    right, down = chance.integers(0, 2 * pad + 1, 2)
    wide = np.pad(inputs, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="edge")
    gain = chance.uniform(1 - recipe.gain, 1 + recipe.gain, (count, 1, 1, 1))
    shade = chance.uniform(-recipe.shade, recipe.shade, (count, 1, 1, 1))
    varied = wide[:, :, down : down + side, right : right + side] * gain.astype(np.float32)
    varied += shade.astype(np.float32)
    varied += noise[chance.permutation(len(noise))[:count]]
    return np.asarray(varied)


@contextmanager
def _steady(torch: Any, threads: int) -> Iterator[None]:
    """Only algorithms that give the same twice, on that many threads; as it was afterwards."""
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


def _unfit(found: str) -> InputError:
    expected = "1 or more epochs, a patience and a rate above 0, 2 or more draws, a seed from 0 on"
    return InputError(Problem(found, expected, "leaving out what you do not want to change"))


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415  # an extra
    except ImportError:
        raise ModelError(
            Problem(
                "a model to train, and no torch here",
                "torch beside Vedette, to train with (what it trains runs without)",
                "pip install 'vedette[torch]'",
            )
        ) from None
    return torch
