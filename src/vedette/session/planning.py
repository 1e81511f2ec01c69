"""Profiling and planning: measure, search, and check what was found by running it."""

from dataclasses import replace
from typing import Literal

from vedette.declaring.operator import signatures
from vedette.errors import InputError, Problem, nearest
from vedette.models.own import pinned
from vedette.models.zoo import variants
from vedette.planning.baseline import baseline_placement
from vedette.planning.expand import golden
from vedette.planning.explain import Explanation
from vedette.planning.explain import explain as reasons
from vedette.planning.options import Limits
from vedette.profiling.measure import workers
from vedette.profiling.passes import measure_passes
from vedette.profiling.sweep import Measuring, default_cache, measure_device, measure_profile
from vedette.session.common import Progress, frames_of, quiet
from vedette.session.desk import Desk
from vedette.session.files import ensure_right
from vedette.session.fitting import fitting
from vedette.types.cluster import Cluster
from vedette.types.graph import Workflow
from vedette.types.plan import Plan
from vedette.types.profile import Profile

Method = Literal["joint", "baseline", "frames"]


def profile(
    workflow: Workflow,
    *,
    max_batch: int = 1,
    processes: int | None = None,
    progress: Progress = quiet,
) -> Profile:
    """Measure the golden setting and each knob alone on the part to plan on.

    With ``max_batch`` also what up to so many frames take that go through a model together. Traces
    are cached by content: a killed profile goes on where it was, a repeated one is free.
    """
    ensure_right(workflow)
    frames = frames_of(workflow)
    with workers(processes) as pool:
        found = measure_profile(workflow, Measuring(pool, frames, progress, default_cache()))
        if max_batch == 1:
            return found
        progress("measure batches", 0, 1)
        passes = measure_passes(workflow, max_batch, pool)
        progress("measure batches", 1, 1)
    return replace(found, passes=passes)


def profile_device(
    workflow: Workflow,
    cluster: Cluster,
    device: str,
    measured: Profile,
    *,
    progress: Progress = quiet,
) -> Profile:
    """Have this machine, which is ``device`` of the cluster, measure its own speed.

    The golden setting runs once more on the part that chooses; plans made from the profile that
    comes back take what was measured in place of the speed that the cluster declares.
    """
    known = {each.name: each for each in cluster.devices}
    if device not in known:
        found = f"the device {device!r}"
        raise InputError(Problem(found, "a device of the cluster", nearest(device, list(known))))
    fitting(measured, workflow)
    frames = frames_of(workflow)
    with workers(1) as pool:
        progress(f"measure {device}", 0, 1)
        took = measure_device(workflow, measured, Measuring(pool, frames, progress, None))
        progress(f"measure {device}", 1, 1)
    ratio = took * known[device].speed
    return replace(measured, device_ratio={**measured.device_ratio, device: ratio})


def plan(
    workflow: Workflow,
    cluster: Cluster,
    measured: Profile | None = None,
    *,
    method: Method = "joint",
    progress: Progress = quiet,
) -> Plan:
    """The cheapest plan under the objective that kept the accuracy when it was run.

    ``method``: "joint" chooses every knob and every machine; "baseline" is the golden setting on
    every frame in the cloud; "frames" is the baseline with only frame rate, width and quality
    chosen. Raises InfeasibleError with the nearest miss.
    """
    if method not in ("joint", "baseline", "frames"):
        raise InputError(Problem(f"the method {method!r}", "joint, baseline or frames"))
    ensure_right(workflow, cluster)
    if measured is None:
        most = max(each.max_batch for each in cluster.devices)
        measured = profile(workflow, max_batch=most, progress=progress)
    measured = fitting(measured, workflow)
    _ensure_batches_known(cluster, measured)
    cluster = as_measured(cluster, measured)
    workflow = replace(workflow, models=pinned(workflow.models))
    with workers() as pool:
        desk = Desk(workflow, cluster, measured, pool, frames_of(workflow), progress)
        if method == "baseline":
            return desk.baseline()
        return desk.searched(_limits(workflow, cluster, method), method)


def _ensure_batches_known(cluster: Cluster, measured: Profile) -> None:
    for device in cluster.devices:
        if device.max_batch > 1 and not measured.passes:
            raise InputError(
                Problem(
                    f"max_batch {device.max_batch} at {device.name}, and a profile without batches",
                    "one that says what frames take that go through a model together",
                    f"vedette profile --max-batch {device.max_batch}",
                )
            )


def as_measured(cluster: Cluster, measured: Profile) -> Cluster:
    """The cluster with the speeds that its devices measured themselves, where they did."""
    ratio = measured.device_ratio
    devices = (replace(d, speed=d.speed / ratio.get(d.name, 1.0)) for d in cluster.devices)
    return replace(cluster, devices=tuple(devices))


def explain(plan: Plan, measured: Profile) -> Explanation:
    """Which constraint binds, what one more unit of it would buy, and who came second."""
    declared = plan.declared or plan.workflow
    if plan.declared is not None:
        fitting(measured, plan.declared)
    method: Method = "frames" if plan.name == "frames" else "joint"
    return reasons(
        plan,
        measured,
        declared,
        plan.cluster,
        variants(declared.own, larger=True),
        signatures(),
        limits=_limits(declared, plan.cluster, method),
    )


def _limits(workflow: Workflow, cluster: Cluster, method: Method) -> Limits:
    if method == "joint":
        return Limits()
    best, models = golden(workflow), _model_knobs(workflow)
    held = {knob: value for knob, value in best.items() if knob in models}
    pinned = baseline_placement(workflow, cluster, signatures())
    return Limits(held=held, pinned={step.name: pinned[step.name] for step in workflow.steps})


def _model_knobs(workflow: Workflow) -> set[str]:
    known = signatures()
    return {
        f"{step.name}.{name}" for step in workflow.steps for name in known[step.operator].models
    }
