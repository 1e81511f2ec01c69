"""What variants become before placement, by the name that a variant states."""

from collections.abc import Callable

from vedette.types.graph import Step
from vedette.types.operators import Variant

Expansion = Callable[[Step, str, Variant], tuple[Step, ...]]
"""(step with all settings fixed, its setting that names the variant, the variant) -> steps.

The last step keeps the declared step's name, so that whatever reads it need not know.
"""

EXPANSIONS: dict[str, Expansion] = {}


def expansion(name: str) -> Callable[[Expansion], Expansion]:
    """Register what ``Variant.expansion == name`` does to a step."""

    def register(function: Expansion) -> Expansion:
        EXPANSIONS[name] = function
        return function

    return register
