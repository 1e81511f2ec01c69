"""Scenarios side by side: what would be chosen, what it would cost, and what that changes."""

from collections.abc import Iterator, Sequence

from vedette.planning.scenario import WhatIf
from vedette.reporting.explaining import columns
from vedette.reporting.markup import clean
from vedette.reporting.terminal import block
from vedette.reporting.wording import (
    MEASURE,
    MINUS,
    NONE,
    accuracy,
    number,
    score_name,
    value_text,
)
from vedette.types.graph import Accuracy, Workflow
from vedette.types.plan import Candidate


def what_if_text(workflow: Workflow, outcomes: Sequence[WhatIf]) -> str:
    """A row a scenario, then what each would choose; the first is how things stand."""
    return clean("\n".join(_lines(workflow, outcomes)))


def _lines(workflow: Workflow, outcomes: Sequence[WhatIf]) -> Iterator[str]:
    metrics = dict.fromkeys([*workflow.objective.minimise, *workflow.objective.ceilings])
    floors: list[Accuracy] = [*workflow.objective.floors] or [workflow.scored()[0]]
    yield f"{workflow.name}: {outcomes[0].verdict}"
    heads = ["Objective", "Change", *(f"{MEASURE[m].name} {MEASURE[m].unit}" for m in metrics)]
    heads += [*(score_name(metric) for metric in floors), "Scenario"]
    rows = []
    for i, each in enumerate(outcomes):
        found = each.candidate
        costs = [MEASURE[m].says(found.figures) if found else NONE for m in metrics]
        scores = [accuracy(each.accuracy[m]) if found else NONE for m in floors]
        cells = [number(found.objective) if found else NONE, _change(each, outcomes[0])]
        rows.append([*cells, *costs, *scores, f"{i}  {each.scenario}"])
    yield from columns(heads, rows)
    yield from block(
        "What would be chosen", [(str(i), _chosen(each)) for i, each in enumerate(outcomes)]
    )


def _change(each: WhatIf, stands: WhatIf) -> str:
    if each is stands or each.change is None:
        return "" if each is stands else NONE
    if each.change == 0:
        return "0"
    sign = "+" if each.change > 0 else ""
    return f"{sign}{each.change:.2g}".replace("-", MINUS, 1)


def _chosen(each: WhatIf) -> str:
    found = each.candidate
    if found is None:
        miss = each.miss
        return f"infeasible: found {miss.found}\ntry {miss.hint}" if miss else "infeasible"
    if each.change is not None and not each.differs and each.change == 0:
        return _all(found) if each.scenario == "as it stands" else "the same"
    return ", ".join(each.differs) or "the same choice and places"


def _all(candidate: Candidate) -> str:
    knobs = ", ".join(f"{knob} {value_text(v)}" for knob, v in candidate.choice.items())
    places: dict[str, list[str]] = {}
    for name, device in candidate.placement.items():
        places.setdefault(device, []).append(name)
    return "\n".join(
        [knobs, *(f"{device}: {', '.join(names)}" for device, names in places.items())]
    )
