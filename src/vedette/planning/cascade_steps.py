"""A cascade as plain steps: each stage says what it can, what it is unsure of goes on to the next.

Of a step ``gate``: ``gate.step`` keeps one source frame in some, ``gate.difference`` tells frames
that show nothing new, ``gate.special`` is the cascade's own network, ``gate.NAME`` one pass of the
detector NAME, ``gate.reference`` the reference (which may expand further), ``gate.look1`` and so on
let a frame through to the next of them, and ``gate`` settles what all of them said.
"""

from collections.abc import Mapping
from functools import partial

from vedette.planning.expansions import expansion
from vedette.types.cascade import Cascade
from vedette.types.graph import Step, Value
from vedette.types.models import Variant

SPECIAL = "special"


@expansion("cascade")
def cascade(step: Step, setting: str, variant: Variant) -> tuple[Step, ...]:
    """The stages that a cascade has, in order; the declared step's name is the last one's."""
    learned = variant.cascade
    if learned is None:
        return (step,)
    audit: Mapping[str, Value] = {"audit": f"{learned.name}/audit"}
    before = _stages(learned, step)
    first = before[0][0] if before else "reference"
    steps, frames = [], step.inputs
    if learned.frame_step > 1 or step.when:
        part = partial(Step, part_of=step.declared, stage=f"{step.name}.{first}")
        kept = {"step": learned.frame_step, **audit}
        steps.append(part(f"{step.name}.step", "every", frames, kept, when=step.when))
        frames = (steps[-1].name,)
    said: list[str] = []
    for number, (name, operator, settings) in enumerate(before, 1):
        said.append(f"{step.name}.{name}")
        part = partial(Step, part_of=step.declared, stage=said[-1])
        look = part(f"{step.name}.look{number}", "escalate", (*frames, said[-1]), audit)
        steps += [part(said[-1], operator, frames, settings), look]
        frames = (look.name,)
    last = f"{step.name}.reference"
    asked = {**step.settings, setting: learned.reference}
    steps.append(Step(last, step.operator, frames, asked, part_of=step.declared, stage=last))
    settled = {key: step.settings[key] for key in ("classes", "zone") if key in step.settings}
    return (
        *steps,
        Step(step.name, "settle", (last, *said), {**settled, **audit}, part_of=step.declared),
    )


def _stages(learned: Cascade, step: Step) -> list[tuple[str, str, Mapping[str, Value]]]:
    """Name, operator and settings of each stage before the reference."""
    found: list[tuple[str, str, Mapping[str, Value]]] = []
    if learned.difference is not None:
        difference = learned.difference
        settings: dict[str, Value] = {
            "method": difference.method,
            "threshold": difference.threshold,
            "most_age": difference.most_age,
            "change": f"{learned.name}/difference",
        }
        found.append(("difference", "compare", settings))
    asked = {key: step.settings[key] for key in ("classes", "zone") if key in step.settings}
    for score in learned.scores:
        bounds: dict[str, Value] = {"low": score.low, "high": score.high}
        if score.model == SPECIAL:
            found.append((SPECIAL, "special", {**bounds, "model": f"{learned.name}/special"}))
        else:
            found.append((score.model, "glance", {**asked, **bounds, "model": score.model}))
    return found
