"""How much a thumbnail changed: since a frame that was evaluated, or from the empty scene.

The detectors are NoScope's (Kang et al., VLDB 2017): the mean square of the change over the whole
thumbnail, against an earlier frame or a picture of the background, and over blocks with learned
weights. All look at 50 x 50 thumbnails of luma, uint8.

A lamp, a cloud or a camera that turns to infrared changes every pixel and nothing else. Where more
than half of the pixels changed, one brightness is fitted to the other by a gain and an offset, to
the pixels that agree on them. If the scene is still to be recognised by that, what the fit does
not explain is the change, so what moved in the same moment is still seen.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from vedette.errors import InputError, Problem
from vedette.types.media import Columns, Pixels, Region

Floats = NDArray[np.float32]

_MOVED = 4.0  # grey levels: what more than half of the pixels exceed is light, not noise
_AGREES = 8.0  # grey levels between what a fit foretells and what is there
_KEPT, _ROUNDS = (
    0.6,
    5,
)  # least trimmed squares: the share of pixels that a fit goes by, and how often
_APART = 3  # of the pixels that a fit goes by
_GAINS = (0.2, 5.0)
_STRUCTURE, _LIKENESS = 2.0, 0.8  # without a pattern to recognise a truck may fill the zone
_AT_ONCE = 1 << 12  # thumbnails: some 40 MB as float32


@dataclass(frozen=True, eq=False, slots=True)
class Change(Columns):
    """What a difference detector has learned of a zone.

    ``region`` is what its thumbnails show, in source pixels. ``background`` (50, 50) is the empty
    zone. ``weights`` (k * k,) of the blocks, row by row, and ``bias`` give how likely it is that
    the answer changed.
    """

    region: Region
    background: Pixels | None = None
    weights: NDArray[np.float64] | None = None
    bias: float = 0.0

    def last(self, now: Pixels, before: Pixels) -> NDArray[np.float64]:
        """Root mean square of the change since another thumbnail; 0 to about 1. (..., 50, 50)."""
        return overall(residual(before, now))

    def empty(self, now: Pixels) -> NDArray[np.float64]:
        """Root mean square of the difference from the background."""
        if self.background is None:
            raise _unlearned("background")
        return overall(residual(self.background, now))

    def blocks(self, now: Pixels, before: Pixels) -> NDArray[np.float64]:
        """How likely the answer changed since another thumbnail, by the learned weights."""
        if self.weights is None:
            raise _unlearned("weights of blocks")
        side = round(len(self.weights) ** 0.5)
        return np.asarray(expit(by_block(residual(before, now), side) @ self.weights + self.bias))

    def of(self, method: str, now: Pixels, before: Pixels, *, enough: float = 0.0) -> float:
        """One frame's change by a method of a difference stage; "background" ignores ``before``.

        Where only smaller or not smaller than ``enough`` matters, time is saved: the light is not
        taken out of a change that is smaller as it is.
        """
        if method == "blocks":
            return float(self.blocks(now, before))
        earlier = self.background if method == "background" else before
        if enough and earlier is not None:
            plain = float(overall(np.subtract(now, earlier, dtype=np.float32))) / 255
            if plain < enough:
                return plain
        return float(self.empty(now) if method == "background" else self.last(now, before))


def residual(before: Pixels, now: Pixels) -> Floats:
    """(..., 50, 50): what changed, in shares of full brightness, but for the light.

    >>> scene = np.arange(2500, dtype=np.uint8).reshape(50, 50) // 2
    >>> float(np.abs(residual(scene, scene + 40)).max().round(3))
    0.0
    """
    before, now = np.broadcast_arrays(before, now)
    one, other = before.astype(np.float32), now.astype(np.float32)
    change = other - one
    coarse = np.abs(change[..., ::_APART, ::_APART]).reshape(*change.shape[:-2], -1)
    half = coarse.shape[-1] // 2
    lit = np.partition(coarse, half, axis=-1)[..., half] > _MOVED
    if lit.any():
        change[lit] = _without_light(one[lit], other[lit])
    change /= 255
    return change


def overall(change: Floats) -> NDArray[np.float64]:
    """Root mean square over each thumbnail."""
    flat = change.reshape(*change.shape[:-2], -1)
    squares = np.einsum("...i,...i->...", flat, flat).astype(np.float64)
    return np.asarray(np.sqrt(squares / flat.shape[-1]))


def by_block(change: Floats, side: int) -> NDArray[np.float64]:
    """(..., side * side): root mean square over each of side x side blocks, row by row.

    >>> change = np.zeros((50, 50), np.float32)
    >>> change[:10, 40:] = 0.5
    >>> by_block(change, 5)[:5].tolist()
    [0.0, 0.0, 0.0, 0.0, 0.5]
    """
    height, width = (size // side for size in change.shape[-2:])
    cut = change[..., : side * height, : side * width]
    apart = cut.reshape(*change.shape[:-2], side, height, side, width)
    squares = np.einsum("...iajb,...iajb->...ij", apart, apart).astype(np.float64)
    found = np.sqrt(squares / (height * width))
    return np.asarray(found.reshape(*change.shape[:-2], side * side))


def changes_by_age(
    change: Change, method: str, thumbnails: Pixels, most_age: int
) -> NDArray[np.float32]:
    """Of each of (n, 50, 50) its change since the one k + 1 before: (n, most_age), or (n,).

    Infinite where there is none so far back. Against the background age does not matter: (n,).
    """
    if method == "background":
        return _in_parts(thumbnails, lambda part: change.empty(thumbnails[part]))
    found = np.full((len(thumbnails), most_age), np.inf, np.float32)
    measure = change.last if method == "last" else change.blocks
    for age in range(1, min(most_age, len(thumbnails) - 1) + 1):
        now, before = thumbnails[age:], thumbnails[:-age]

        def since(part: slice, now: Pixels = now, before: Pixels = before) -> NDArray[np.float64]:
            return measure(now[part], before[part])

        found[age:, age - 1] = _in_parts(now, since)
    return found


def background_of(thumbnails: Pixels) -> Pixels:
    """The median of (n, 50, 50) thumbnails of the empty zone: what passed by is not in it."""
    if not len(thumbnails):
        raise InputError(
            Problem("no frame of the empty zone", "frames answered no", 'method "last"')
        )
    half = len(thumbnails) // 2
    return np.asarray(np.partition(thumbnails, half, axis=0)[half], np.uint8)


def learn_block_weights(
    changes: NDArray[np.floating], labels: NDArray[np.bool_], *, l2: float = 1.0
) -> tuple[NDArray[np.float64], float]:
    """Weights (m,) and bias with which ``expit(changes @ weights + bias)`` tells the labels.

    ``changes`` (n, m) is each pair's change by block, ``labels`` (n,) whether its answer changed.
    Logistic regression; both labels count the same in all, however rare one is. No weight is below
    0: more change never speaks for the same answer. ``l2`` is on weights of changes in units of
    their mean. Raises InputError where one of the labels is missing.
    """
    if labels.all() or not labels.any():
        raise InputError(
            Problem(
                f"{int(labels.sum())} of {len(labels)} pairs with a changed answer",
                "pairs with a changed answer, and pairs with the same one",
                'more footage, or method "last"',
            )
        )
    unit = float(np.mean(changes)) or 1.0
    rows = np.column_stack([np.asarray(changes, np.float64) / unit, np.ones(len(labels))])
    sign = np.where(labels, 1.0, -1.0)
    share = np.where(labels, 0.5 / labels.sum(), 0.5 / (~labels).sum())
    penalty = np.append(np.full(rows.shape[1] - 1, l2 / len(labels)), 0.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (rows @ weights)
        value = share @ np.logaddexp(0, -margin) + 0.5 * penalty @ weights**2
        return float(value), rows.T @ (-share * sign * expit(-margin)) + penalty * weights

    bounds = [(0.0, None)] * (rows.shape[1] - 1) + [(None, None)]
    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return np.asarray(found[:-1] / unit), float(found[-1])


def learn_change(
    region: Region,
    thumbnails: Pixels,
    answers: NDArray[np.bool_],
    *,
    blocks: int = 5,
    ages: tuple[int, ...] = (1, 3, 10, 30),
    l2: float = 1.0,
) -> Change:
    """A background and weights from frames in order, (n, 50, 50), with their answers (n,).

    What cannot be learned from them is None: a background without a no, weights where the answer
    never changes. ``ages`` are the distances in frames of the pairs that the weights learn from.
    """
    background = None if answers.all() else background_of(thumbnails[~answers])
    pairs = [age for age in ages if age < len(answers)]
    told = [answers[age:] != answers[:-age] for age in pairs]
    changed = np.concatenate([np.zeros(0, bool), *told])
    if not changed.any() or changed.all():
        return Change(region, background)
    found = [_blocks_since(thumbnails, age, blocks) for age in pairs]
    weights, bias = learn_block_weights(np.concatenate(found), changed, l2=l2)
    return Change(region, background, weights, bias)


def _without_light(before: Floats, now: Floats) -> Floats:
    """(n, 50, 50) in grey levels: what a gain and an offset leave, where they explain the most.

    Where the light went, so did contrast: what is left is then measured at the brighter one's.
    """
    change = now - before
    one, other = (each[:, ::_APART, ::_APART].reshape(len(each), -1) for each in (before, now))
    gain, offset = _fit(one, other)
    foretold = np.clip(gain[:, None] * one + offset[:, None], 0, 255)
    agrees = np.abs(other - foretold) <= _AGREES * np.maximum(gain, 1)[:, None]
    pattern, likeness = _alike(one, other, agrees)
    light = (agrees.mean(axis=1) > 0.5) & (pattern >= _STRUCTURE) & (likeness >= _LIKENESS)
    light &= (gain >= _GAINS[0]) & (gain <= _GAINS[1])
    gain, offset = gain[light, None, None], offset[light, None, None]
    left = (now[light] - np.clip(gain * before[light] + offset, 0, 255)) / np.minimum(gain, 1)
    smaller = (left**2).sum(axis=(1, 2)) < (change[light] ** 2).sum(axis=(1, 2))
    change[light] = np.where(smaller[:, None, None], left, change[light])
    return change


def _fit(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Gain and offset, (n,) each, of (n, m) pairs by least trimmed squares (Rousseeuw, 1984).

    It begins with what leads one's quartiles to the other's.
    """
    size = one.shape[1]
    quarters = [size // 4, size // 2, 3 * size // 4]
    low, middle, high = np.partition(one, quarters, axis=1)[:, quarters].T
    low_other, middle_other, high_other = np.partition(other, quarters, axis=1)[:, quarters].T
    gain = (high_other - low_other) / np.maximum(high - low, 1e-6)
    offset = middle_other - gain * middle
    kept = int(_KEPT * size)
    for _ in range(_ROUNDS):
        miss = np.abs(other - gain[:, None] * one - offset[:, None])
        keep = (miss <= np.partition(miss, kept, axis=1)[:, kept, None]).astype(np.float32)
        count = keep.sum(axis=1)
        mean = np.einsum("nm,nm->n", keep, one) / count
        mean_other = np.einsum("nm,nm->n", keep, other) / count
        away = (one - mean[:, None]) * keep
        spread = np.maximum(np.einsum("nm,nm->n", away, away), 1e-6)
        gain = np.einsum("nm,nm->n", away, other) / spread
        offset = mean_other - gain * mean
    return gain, offset


def _alike(one: Floats, other: Floats, among: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(n,) standard deviation of ``one`` in grey levels, and correlation, among some pixels."""
    count = np.maximum(among.sum(axis=1), 1)[:, None]
    away = (each - (among * each).sum(axis=1, keepdims=True) / count for each in (one, other))
    first, second = (among * each for each in away)
    own, others = (first**2).sum(axis=1), (second**2).sum(axis=1)
    likeness = (first * second).sum(axis=1) / np.sqrt(np.maximum(own * others, 1e-6))
    return np.sqrt(own / count[:, 0]), likeness


def _blocks_since(thumbnails: Pixels, age: int, side: int) -> NDArray[np.float32]:
    now, before = thumbnails[age:], thumbnails[:-age]
    return _in_parts(now, lambda part: by_block(residual(before[part], now[part]), side))


def _in_parts(
    thumbnails: Pixels, measure: Callable[[slice], NDArray[np.float64]]
) -> NDArray[np.float32]:
    """Measured a part at a time, so that long recordings fit into memory."""
    starts = range(0, len(thumbnails), _AT_ONCE)
    parts = [measure(slice(start, start + _AT_ONCE)) for start in starts]
    return np.concatenate(parts or [np.zeros(0)]).astype(np.float32)


def _unlearned(what: str) -> InputError:
    return InputError(
        Problem(
            f"a difference detector without a learned part: {what}",
            "one that learned it",
            'method "last", or learning it from more footage',
        )
    )
