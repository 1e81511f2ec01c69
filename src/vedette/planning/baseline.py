"""What ExecutiveProducer compares with: the golden setting on every frame, sent to the cloud."""

from collections.abc import Mapping
from itertools import takewhile

from vedette.planning.compose import golden_accuracy
from vedette.planning.expand import golden
from vedette.planning.placement import home, resolve
from vedette.planning.verify import supported, supports
from vedette.types.cluster import Cluster
from vedette.types.figures import Score
from vedette.types.graph import Accuracy, Choice, Scalar, Workflow
from vedette.types.operators import Signature
from vedette.types.profile import Profile

LEAST = 0.98
"""Of event F1, or of right answers."""


def baseline_choice(profile: Profile, workflow: Workflow) -> tuple[Choice, str]:
    """Golden, at the highest quantiser such that it and all lower ones keep an accuracy of .98.

    Where no quantiser of H.264 is offered, the codings take their place, in the order of the list.

    It is event F1, or answers where the workflow asks a question. Where streams are labelled, .98
    of golden's own. The lowest where none does. With it comes what a reader must know, or "".
    """
    codings = workflow.transport.qp
    quantisers = sorted(each for each in codings if isinstance(each, int)) or codings
    metric = workflow.scored()[0]
    held = list(takewhile(lambda qp: _keeps(profile, qp, metric), quantisers))
    choice = {**golden(workflow), "transport.qp": held[-1] if held else quantisers[0]}
    lowest = _score(profile, quantisers[0], metric)
    if not held:
        name = "event F1" if metric == "event_f1" else metric
        return choice, f"no quantiser keeps {name} >= {LEAST}: the lowest is taken"
    if not supports(lowest):
        return choice, f"its quantiser {held[-1]} rests on {supported(lowest)}"
    return choice, ""


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


def _keeps(profile: Profile, qp: Scalar, metric: Accuracy) -> bool:
    score = _score(profile, qp, metric)
    return score.support > 0 and score.value >= LEAST * golden_accuracy(profile, metric)


def _score(profile: Profile, qp: Scalar, metric: Accuracy) -> Score:
    return profile.sweeps["transport.qp", qp].scores[metric]
