"""A learned cascade in a terminal: what it came to, and the lines that let a plan weigh it."""

from collections.abc import Iterator

from vedette.reporting.cascade import percent, stages_text
from vedette.reporting.wording import number, whole
from vedette.types.cascade import Cascade
from vedette.types.graph import Step


def learned_text(cascade: Cascade) -> str:
    """What a cascade costs, what it rests on and why it was chosen, a line each."""
    return "\n".join(_lines(cascade))


def _lines(cascade: Cascade) -> Iterator[str]:
    evidence = cascade.evidence
    yield f"{cascade.name}: {stages_text(cascade)}"
    if evidence is None:
        return
    times = evidence.reference_ms / evidence.cpu_ms
    yield (
        f"  {number(evidence.cpu_ms)} CPU ms a source frame with decoding (predicted), where the "
        f"reference takes {number(evidence.reference_ms)}: {number(times)} times less"
    )
    missed, made_up = evidence.fn, evidence.fp
    yield (
        f"  against the reference, on what decided: {whole(missed.hits)} of {whole(missed.total)} "
        f"yes frames answered no ({percent(missed.value)}), {whole(made_up.hits)} of "
        f"{whole(made_up.total)} no frames yes ({percent(made_up.value)})"
    )
    yield f"  in {evidence.runs[0]} runs of yes and {evidence.runs[1]} of no"
    yield from (f"  {each}" for each in evidence.reasons[:2])


def to_declare(cascade: Cascade, step: Step, folder: str, is_declared: bool) -> str:
    """The lines of a workflow that offer the cascade to its step.

    ``folder`` is the cascade's as seen from the workflow; ``is_declared``: the step is there
    already, and only its choice grows.
    """
    models = [*step.choices.get("model", (step.settings.get("model"),)), cascade.name]
    choice = f"model: {{choose: [{', '.join(map(str, models))}]}}"
    lines = [f"cascades: {{{cascade.name}: {folder}}}", "steps:", f"  {step.name}:"]
    if is_declared:
        lines.append(f"    {choice}  # and what else the step has")
        return "\n".join(lines)
    question = cascade.question
    classes = ", ".join(
        f"{group}: [{', '.join(names)}]" for group, names in question.classes.items()
    )
    lines += [f"    run: {step.operator}", f"    from: {', '.join(step.inputs)}"]
    lines += [f"    classes: {{{classes}}}", f"    confidence: {question.confidence:g}"]
    if question.zone is not None:
        corners = ", ".join(f"[{x:g}, {y:g}]" for x, y in question.zone)
        lines.append(f"    zone: [{corners}]")
    lines.append(f"    {choice}")
    return "\n".join(lines)
