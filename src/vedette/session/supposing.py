"""What a plan would be if something were otherwise: forecast from a profile, in seconds."""

from collections.abc import Iterator, Sequence

from vedette.declaring.operator import signatures
from vedette.models.zoo import variants
from vedette.planning.choose import least, rank
from vedette.planning.explain import moved
from vedette.planning.options import DEFAULT, Context, Option, options
from vedette.planning.rivals import point
from vedette.planning.scenario import Scenario, WhatIf, scenario
from vedette.session.desk import expected_to_hold
from vedette.session.files import ensure_right
from vedette.session.fitting import fitting
from vedette.session.planning import as_measured
from vedette.types.cluster import Cluster
from vedette.types.graph import Workflow
from vedette.types.plan import Candidate
from vedette.types.profile import Profile

AS_IT_STANDS = "as it stands"


def what_if(
    workflow: Workflow, cluster: Cluster, measured: Profile, scenarios: Sequence[str]
) -> tuple[WhatIf, ...]:
    """The cheapest forecast to qualify, as things stand and in each scenario.

    Nothing is measured, run or written. See :mod:`vedette.planning.scenario` for what a scenario
    may say. Raises InputError with the mistakes of a scenario; an infeasible one raises nothing.
    """
    ensure_right(workflow, cluster)
    fitting(measured, workflow)
    cluster = as_measured(cluster, measured)
    stands = Scenario(AS_IT_STANDS, workflow, cluster, DEFAULT)
    asked = [stands, *(scenario(each, workflow, cluster) for each in scenarios)]
    return tuple(_outcomes(measured, asked))


def _outcomes(measured: Profile, asked: Sequence[Scenario]) -> Iterator[WhatIf]:
    known: dict[str, tuple[Option, ...]] = {}
    base: Candidate | None = None
    for each in asked:
        workflow = expected_to_hold(each.workflow, measured)
        context = Context(
            measured, workflow, variants(each.workflow.own, larger=True), signatures()
        )
        held = repr(sorted(each.limits.held.items()))
        if held not in known:
            known[held] = options(context, each.cluster, each.limits)
        every = known[held]
        found = least(context, each.cluster, every, each.limits)
        base = found if each is asked[0] else base
        weights = each.workflow.objective.minimise == asked[0].workflow.objective.minimise
        yield WhatIf(
            scenario=each.text,
            candidate=found,
            accuracy=point(context, found).accuracy if found else {},
            change=found.objective - base.objective if found and base and weights else None,
            differs=moved(base, found),
            miss=None if found else rank(context, each.cluster, every, each.limits).miss,
        )
