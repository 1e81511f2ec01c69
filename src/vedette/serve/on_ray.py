"""A plan's segments on Ray, for a run here: what ``vedette run --executor ray`` uses."""

from vedette.declaring.operator import operators
from vedette.errors import InputError, Problem
from vedette.running.on_ray import OnRay
from vedette.running.segment import segments, stages
from vedette.running.work import signatures_of
from vedette.serve.segment_actor import SegmentActor, given
from vedette.session.workers import hostable, plan_digest
from vedette.types.plan import Deployment


def on_ray(plan: Deployment, address: str = "") -> OnRay:
    """The actors of all segments that need not be where the sources are. Raises InputError."""
    devices = hostable(plan)
    if not devices:
        found = "a plan with all steps where its sources are"
        expected = "steps on other devices: frames are encoded before they leave their camera's"
        raise InputError(Problem(found, expected, "vedette run without --executor ray"))
    found_stages = stages(plan.workflow, plan.placement, signatures_of(plan, operators()))
    hosted = [
        each
        for each in segments(plan.workflow, plan.placement, found_stages)
        if each.device in devices
    ]
    return OnRay(
        hosted,
        SegmentActor,
        lambda segment: given(plan, segment),
        address=address,
        digest=plan_digest(plan),
        replicas=plan.replicas,
    )
