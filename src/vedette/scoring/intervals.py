"""How sure a counted share is."""

from scipy.special import betaincinv

from vedette.types.figures import Score, Share

LEVEL = 0.8


def lower_bound(hits: int, total: int, level: float = LEVEL) -> float:
    """The one-sided Jeffreys bound: with probability ``level`` the true share is above it.

    Without a hit it is 0, also where nothing was counted: no data support nothing.

    >>> round(lower_bound(10, 10), 3), round(lower_bound(18, 20), 3), lower_bound(0, 0)
    (0.923, 0.827, 0.0)
    """
    if hits == 0:
        return 0.0
    # as scipy.stats.beta.ppf, which takes half a second more to import
    return float(betaincinv(hits + 0.5, total - hits + 0.5, 1 - level))


def share(hits: int, total: int) -> Share:
    """Counts with their bound."""
    return Share(hits, total, lower_bound(hits, total))


def pooled(one: Score, other: Score) -> Score:
    """The score of two parts that share no frame: their counts added up."""
    return Score(
        one.metric,
        precision=_added(one.precision, other.precision),
        recall=_added(one.recall, other.recall),
        against=one.against if one.against == other.against else "labels and golden",
        runs=(one.runs[0] + other.runs[0], one.runs[1] + other.runs[1])
        if one.runs and other.runs
        else None,
    )


def _added(one: Share, other: Share) -> Share:
    return share(one.hits + other.hits, one.total + other.total)
