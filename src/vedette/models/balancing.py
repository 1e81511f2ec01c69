"""Which replica of a model gets the next request: pure functions of what is known of each.

===================  ==============================================================================
``random``           any, as Distributed NoScope does it; of ``n`` some are idle while others queue
``round-robin``      the one whose last turn is longest ago; good where all take equally long
``least``            the one with the fewest requests under way; the default
``two-choices``      the better of two drawn (Mitzenmacher, IEEE TPDS 2001); for many clients that
                     do not know of each other, which would all pick the same least
``latency``          drawn in proportion to how soon each would answer; for unequal machines
===================  ==============================================================================
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Load:
    """A replica as a policy sees it.

    ``outstanding`` requests of ours are under way there; ``last`` is the number of the latest one
    that it was given (-1: none yet). ``latency_s`` is what it lately took to answer one request,
    smoothed, waiting behind others taken out; None before its first answer.
    """

    outstanding: int = 0
    last: int = -1
    latency_s: float | None = None


Policy = Callable[[Sequence[Load], Random], int]
"""The position of the chosen one among at least one. Equal loads and draws, equal choice."""


def uniform_random(loads: Sequence[Load], draw: Random) -> int:
    """Any of them, all as likely.

    >>> [uniform_random([Load(9), Load(0)], Random(seed)) for seed in range(6)]
    [1, 0, 0, 0, 0, 1]
    """
    return draw.randrange(len(loads))


def round_robin(loads: Sequence[Load], _draw: Random) -> int:
    """The one whose last turn is longest ago, whoever left or came back in between.

    >>> round_robin([Load(0, last=7), Load(3, last=5), Load(0, last=6)], Random(0))
    1
    """
    return min(range(len(loads)), key=lambda each: loads[each].last)


def least_outstanding(loads: Sequence[Load], _draw: Random) -> int:
    """The one with the fewest requests under way; among equals, round robin.

    >>> least_outstanding([Load(2, last=1), Load(1, last=4), Load(1, last=2)], Random(0))
    2
    """
    return _lightest(range(len(loads)), loads)


def two_choices(loads: Sequence[Load], draw: Random) -> int:
    """The one of two drawn that has fewer requests under way; among equals, round robin.

    >>> {two_choices([Load(5), Load(1)], Random(seed)) for seed in range(9)}
    {1}
    """
    return _lightest(draw.sample(range(len(loads)), min(2, len(loads))), loads)


def latency_weighted(loads: Sequence[Load], draw: Random) -> int:
    """Drawn in proportion to 1 / (latency x (outstanding + 1)).

    Who was never measured counts as the fastest that was, so it is soon tried; who is slow keeps a
    share, so it is noticed when it no longer is.

    >>> picked = [latency_weighted([Load(latency_s=1), Load(latency_s=3)], Random(seed))
    ...           for seed in range(1000)]
    >>> 730 < picked.count(0) < 770
    True
    """
    fastest = min((each.latency_s for each in loads if each.latency_s), default=1.0)
    weights = [1 / ((each.latency_s or fastest) * (each.outstanding + 1)) for each in loads]
    return draw.choices(range(len(loads)), weights)[0]


POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        "least": least_outstanding,
        "random": uniform_random,
        "round-robin": round_robin,
        "two-choices": two_choices,
        "latency": latency_weighted,
    }
)
"""Every policy by the name that users write; the first is the default."""


def _lightest(among: Sequence[int], loads: Sequence[Load]) -> int:
    return min(among, key=lambda each: (loads[each].outstanding, loads[each].last))
