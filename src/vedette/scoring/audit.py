"""If a cascade still keeps its promise: its answers against sampled ones of its reference."""

from scipy.special import betainc

RISK = 0.01
"""How likely a cascade that just keeps its promise is suspended, ever, for one kind of mistake."""


def is_broken(wrong: int, total: int, promised: float, risk: float = RISK) -> bool:
    """Whether ``wrong`` mistakes in ``total`` sampled frames disprove a share of ``promised``.

    It may be asked after every frame of an endless run. The k-th mistake counts as too early if so
    many in so few frames have a chance below ``risk / (k (k + 1))`` under the promise (exact
    binomial tail); these sum to ``risk`` over all k, so that is the most that a kept promise is
    ever called broken. Frames count as independent: sampled ones lie far apart.

    >>> [is_broken(k, 30, 0.01) for k in (1, 2, 3, 4)]
    [False, False, False, True]
    >>> is_broken(1, 1000, 0.0), is_broken(0, 0, 0.0)
    (True, False)
    """
    if not wrong:
        return False
    chance = betainc(wrong, total - wrong + 1, promised)  # of as many or more
    return bool(chance < risk / (wrong * (wrong + 1)))
