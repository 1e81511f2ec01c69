"""A plan's batches, as a process does them: frames that wait for one model go through together."""

import threading
from collections.abc import Mapping
from typing import Any

from vedette.models.gathering import gathered
from vedette.running.work import Models
from vedette.types.operators import Signature
from vedette.types.plan import Deployment


def gathering(
    plan: Deployment, models: Models, signatures: Mapping[str, Signature], at_once: int
) -> Models:
    """Loads models, those of steps with passes of several frames as one for all who share them.

    ``at_once`` passes of a model run at a time.
    """
    most: dict[str, int] = {}
    for step in plan.workflow.steps:
        for name in signatures[step.operator].models if step.name in plan.batches else ():
            variant = str(step.settings[name])
            most[variant] = max(most.get(variant, 1), plan.batches[step.name].most)
    shared: dict[str, Any] = {}
    lock = threading.Lock()

    def load(variant: str) -> Any:
        if most.get(variant, 1) == 1:
            return models(variant)
        with lock:
            if variant not in shared:
                shared[variant] = gathered(models(variant), most[variant], at_once)
            return shared[variant]

    return load


def callers(plan: Deployment, cores: int) -> int:
    """Threads that keep so many cores busy, of which those that wait in a pass take none."""
    return cores * max((each.most for each in plan.batches.values()), default=1)
