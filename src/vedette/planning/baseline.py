"""What ExecutiveProducer compares with: the golden setting on every frame, sent to the cloud."""

from collections.abc import Mapping

from vedette.planning.expand import golden
from vedette.planning.placement import home, resolve
from vedette.types.cluster import Cluster
from vedette.types.graph import Choice, Workflow
from vedette.types.operators import Signature
from vedette.types.profile import Profile

LEAST_EVENT_F1 = 0.98


def baseline_choice(profile: Profile, workflow: Workflow) -> tuple[Choice, bool]:
    """Golden, at the highest quantiser such that it and all lower ones keep event F1 >= .98.

    Where none does, the lowest quantiser, and False.
    """
    kept = [qp for qp in sorted(workflow.transport.qp) if _keeps(profile, qp)]
    failed = [qp for qp in sorted(workflow.transport.qp) if not _keeps(profile, qp)]
    held = [qp for qp in kept if all(qp < other for other in failed)]
    qp = held[-1] if held else min(workflow.transport.qp)
    return {**golden(workflow), "transport.qp": qp}, bool(held)


def baseline_placement(
    workflow: Workflow, cluster: Cluster, signatures: Mapping[str, Signature]
) -> dict[str, str]:
    """Frames leave from where they are captured; everything else happens in the cloud.

    In a cluster without a cloud, where answers are wanted.
    """
    clouds = [device.name for device in cluster.devices if device.tier == "cloud"]
    far = clouds[0] if clouds else resolve(cluster, workflow.deliver_to)
    beside = {source.name for source in workflow.sources}
    for step in workflow.ordered():
        makes_frames = signatures[step.operator].output.type == "Frame"
        if makes_frames and step.declared == step.name and beside.issuperset(step.inputs):
            beside.add(step.name)
    near = home(cluster).name
    names = [*beside, *(step.name for step in workflow.steps)]
    return {name: near if name in beside else far for name in names}


def _keeps(profile: Profile, qp: int) -> bool:
    return profile.sweeps["transport.qp", qp].scores["event_f1"].f1 >= LEAST_EVENT_F1
