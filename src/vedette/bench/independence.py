"""How far the accuracy of knobs chosen together is from the product of each knob's own.

Planning searches with that product (Chameleon's observation) and promises nothing on it. Here the
same choices are run whole, on the very frames that measured each knob alone.
"""

from collections.abc import Sequence
from random import Random
from statistics import median

from vedette.bench.claims import Row
from vedette.declaring.operator import signatures
from vedette.models.zoo import variants
from vedette.planning.compose import accuracy
from vedette.planning.expand import golden
from vedette.profiling.measure import Job, Workers, folded
from vedette.profiling.parts import spans
from vedette.profiling.settings import WORKSHOP, measurable
from vedette.scoring import score
from vedette.session.common import frames_of
from vedette.types.graph import Choice, Workflow
from vedette.types.plan import Deployment
from vedette.types.profile import Profile

DRAWN = 6
METRICS = ("event_f1", "frame_f1")


def independence(
    workflow: Workflow, profile: Profile, chosen: Sequence[Choice], pool: Workers
) -> Row:
    """Errors of the product against the joint measurement: of plans, and of a few drawn choices.

    An error is product - joint, so a positive one promised too much.
    """
    choices = [*_distinct(chosen), *_drawn(workflow)]
    jobs = [_job(workflow, choice) for choice in choices]
    found: dict[str, list[float]] = {metric: [] for metric in METRICS}
    for choice, done in zip(choices, pool.in_order(jobs), strict=True):
        joint = score(profile.golden, folded(done.trace), workflow.events)
        for metric in METRICS:
            product = accuracy(profile, choice, metric)
            found[metric].append(product - joint[metric].f1)
    row: dict[str, object] = {"choices": len(choices)}
    for metric, errors in found.items():
        row[f"{metric}_median_error"] = median(map(abs, errors))
        row[f"{metric}_worst_error"] = max(errors, key=abs)
        row[f"{metric}_mean_error"] = sum(errors) / len(errors)
    return row


def _distinct(choices: Sequence[Choice]) -> list[Choice]:
    return list({repr(sorted(each.items())): each for each in choices}.values())


def _drawn(workflow: Workflow) -> list[Choice]:
    """A few choices in which no knob is golden, always the same ones."""
    random = Random(0)  # noqa: S311  # nothing secret about it
    return [
        {knob: random.choice(values[1:] or values) for knob, values in workflow.knobs().items()}
        for _ in range(DRAWN)
    ]


def _job(workflow: Workflow, choice: Choice) -> Job:
    whole = {**golden(workflow), **choice}
    placed, placement = measurable(workflow, whole, variants(larger=True), signatures(), "nothing")
    deployment = Deployment(workflow=placed, cluster=WORKSHOP, choice=whole, placement=placement)
    return Job(deployment, spans(workflow, frames_of(workflow), "choose"))
