"""A device's worker: the segments that a plan puts there, as models of one server."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial

from vedette.declaring.operator import operators
from vedette.models import loader
from vedette.running.passes import callers, gathering
from vedette.running.segment import Segment, segments, stages
from vedette.running.work import signatures_of
from vedette.serve.repository import Key, Opener
from vedette.serve.segment_model import Bounds, SegmentModel
from vedette.serve.served import Model
from vedette.session.workers import ensure_hostable, plan_digest
from vedette.types.plan import Deployment


def segment_openers(
    plan: Deployment,
    device: str,
    *,
    bounds: Bounds = Bounds(),  # noqa: B008  # a frozen value
    threads: int | None = None,
) -> Mapping[Key, Opener]:
    """What opens each segment of a device. Streams share models, and ``threads`` beside their own.

    Raises InputError for a device that a plan has nothing for.
    """
    ensure_hostable(plan, device)
    known = operators()
    named = signatures_of(plan, known)
    cores = threads or len(os.sched_getaffinity(0))
    pool = ThreadPoolExecutor(callers(plan, cores), "stage")
    model = partial(
        SegmentModel,
        plan,
        operators=known,
        models=gathering(plan, cache(loader(plan.workflow.own)), named, cores),
        digest=plan_digest(plan),
        bounds=bounds,
        pool=pool,
    )
    found = stages(plan.workflow, plan.placement, named)
    return {
        (each.name, "1"): partial(_opened, model, each)
        for each in segments(plan.workflow, plan.placement, found)
        if each.device == device
    }


async def _opened(model: Callable[..., Model], segment: Segment) -> Model:
    return model(segment=segment)
