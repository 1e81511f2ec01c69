"""A run that goes on with another plan: what its steps may go on knowing."""

from collections.abc import Mapping

from vedette.running.work import is_decoder, is_encoder
from vedette.types.graph import Step
from vedette.types.operators import Signature
from vedette.types.plan import Deployment


def carried(
    before: Deployment, after: Deployment, signatures: Mapping[str, Signature]
) -> frozenset[str]:
    """The stateful steps that go on with what they know when a plan takes another's place.

    A step does where it is the same (name, operator, settings, condition), wherever it is done and
    whatever pictures come to it, and nothing that it reads begins anew: a tracker that begins anew
    numbers its tracks anew, so what was counted by those numbers does, too. Pictures have no such
    numbers.
    """
    was = {step.name: step for step in before.workflow.steps}
    kept, renumbered = set[str](), set[str]()
    for step in after.workflow.ordered():
        signature = signatures[step.operator]
        is_renumbered = not renumbered.isdisjoint(step.inputs)
        if signature.stateful and _is_same(was.get(step.name), step) and not is_renumbered:
            kept.add(step.name)
        elif (signature.stateful or is_renumbered) and not _makes_pictures(step, signature):
            renumbered.add(step.name)
    return frozenset(kept)


def begun_anew(
    after: Deployment, kept: frozenset[str], signatures: Mapping[str, Signature]
) -> list[str]:
    """The stateful steps that do not, but for those that pack and unpack."""
    return [
        step.name
        for step in after.workflow.ordered()
        if signatures[step.operator].stateful
        and step.name not in kept
        and not is_encoder(step)
        and not is_decoder(step)
    ]


def _is_same(before: Step | None, after: Step) -> bool:
    if before is None:
        return False
    one, other = ((e.operator, dict(e.settings), dict(e.when)) for e in (before, after))
    return one == other


def _makes_pictures(step: Step, signature: Signature) -> bool:
    """Or undoes a packing, which begins again with a whole picture by itself."""
    return signature.output.type == "Frame" or is_decoder(step)
