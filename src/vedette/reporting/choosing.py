"""The sections about the decision: what was weighed, which floor held and how, and what lost."""

from collections.abc import Sequence

from vedette.reporting.frontier import candidates, draw_frontier, legend
from vedette.reporting.markup import Child, Markup, html, tag
from vedette.reporting.parts import label, section, table, wide
from vedette.reporting.story import Story
from vedette.reporting.wording import (
    MEASURE,
    NONE,
    THIN,
    VERDICTS,
    accuracy,
    counts,
    differences,
    is_chosen,
    number,
    objective_text,
    score_name,
    whole,
)
from vedette.types.figures import Score, Share
from vedette.types.graph import Metric
from vedette.types.plan import Candidate, Plan

ROWS = 14


def frontier(story: Story) -> Markup | None:
    everything, plan = candidates(story), story.plan
    if not everything:
        return None
    front = sorted(plan.frontier or everything, key=lambda each: each.objective)
    return section(
        "frontier",
        "Accuracy against cost",
        legend(story),
        wide("accuracy against cost", draw_frontier(story)),
        _candidate_table("On the frontier, around the chosen plan", _around(front, plan), plan),
    )


def _around(front: Sequence[Candidate], plan: Plan) -> list[Candidate]:
    """The part of the frontier that the chosen plan is in the middle of, the cheapest first."""
    objective = plan.proof.objective
    cheaper = sum(each.objective < objective for each in front)
    first = max(0, min(cheaper - ROWS // 2, len(front) - ROWS))
    return list(front[first : first + ROWS])


def _candidate_table(caption: str, chosen: Sequence[Candidate], plan: Plan) -> Markup:
    heads = ["Differs from the plan in", "Objective", "Accuracy", "WAN Mbit/s", "p95 ms", ""]
    rows = [
        [
            _difference(each, plan),
            number(each.objective),
            accuracy(each.accuracy),
            number(each.figures.wan_mbps),
            number(each.figures.latency_p95_ms),
            html(label(each.figures.label), f" {each.outcome}"),
        ]
        for each in chosen
    ]
    return table(caption, heads, rows, "candidates")


def _difference(candidate: Candidate, plan: Plan) -> Child:
    words = differences(candidate, plan)
    return tag("strong", words) if is_chosen(candidate, plan) else words


def floors(story: Story) -> Markup:
    """Which floor was held and how surely, what binds, and how good the decision is."""
    plan, objective = story.plan, story.plan.workflow.objective
    proof = plan.proof
    bound = f"{number(proof.bound)} (gap {100 * max(proof.gap, 0):.1f}{THIN}%)"
    limits = [f"{score_name(name)} at least {floor:g}" for name, floor in objective.floors.items()]
    limits += [_ceiling(field, top) for field, top in objective.ceilings.items()]
    facts: list[tuple[str, Child]] = [
        ("Asked for", f"least {objective_text(objective)}"),
        ("Under", "; ".join(limits) or "no limit"),
        ("The floor is", tag("strong", VERDICTS[plan.verdict])),
        ("Decided by", f"{proof.method}, {whole(proof.evaluated)} evaluated"),
        ("Objective", f"{number(proof.objective)}, none weighed below {bound}"),
    ]
    if plan.binding:
        facts.append(("What binds", tag("ul", [tag("li", each) for each in plan.binding])))
    listed = [html(tag("dt", name), tag("dd", content)) for name, content in facts]
    return section("floors", "The floor, and what binds", tag("dl", listed), _scores(plan))


def _ceiling(field: Metric, top: float) -> str:
    return f"{MEASURE[field].name} at most {number(top)} {MEASURE[field].unit}".rstrip()


def _scores(plan: Plan) -> Markup | None:
    if not plan.scores:
        return None
    heads = ["Metric", "Floor", "Precision", "Recall", "F1", "Lower bound"]
    if "answers" in plan.scores:
        heads[2:5] = ["No answered no", "Yes answered yes", "The lower one"]
    rows = [_score_row(metric, score, plan) for metric, score in plan.scores.items()]
    caption = "The plan's accuracy; lower bounds are one-sided, 80\u202f%"
    return table(caption, heads, rows, "figures")


def _score_row(metric: str, score: Score, plan: Plan) -> list[Child]:
    floor = dict(plan.workflow.objective.floors).get(metric)  # type: ignore[call-overload]
    return [
        score_name(metric),
        f"{floor:g}" if floor is not None else NONE,
        _share(score.precision),
        _share(score.recall),
        accuracy(score.value),
        tag("strong", accuracy(score.lower)),
    ]


def _share(part: Share) -> Markup:
    words = f"{part.hits}/{part.total}, at least {accuracy(part.lower)}"
    return html(accuracy(part.value), tag("span", words, class_="cell-note"))


def tried(story: Story) -> Markup | None:
    """Candidates in the order in which they were run, and what each showed."""
    plan = story.plan
    if not plan.tried:
        return None
    rows: list[list[Child]] = [
        [
            str(index),
            _difference(each, plan),
            number(each.objective),
            accuracy(each.accuracy),
            html([_verified(metric, score) for metric, score in each.scores.items()]) or NONE,
            each.outcome or NONE,
        ]
        for index, each in enumerate(plan.tried, start=1)
    ]
    heads = [
        "",
        "Differs from the plan in",
        "Objective",
        "Accuracy predicted",
        "Verified",
        "Outcome",
    ]
    return section(
        "tried",
        "Verified by running",
        table("In the order tried, the dearest first", heads, rows, "candidates"),
    )


def _verified(metric: str, score: Score) -> Markup:
    words = f"{counts(score)}, at least {accuracy(score.lower)}"
    return tag(
        "span",
        f"{score_name(metric)} {accuracy(score.value)}",
        tag("span", words, class_="cell-note"),
        class_="verified-score",
    )


def runners_up(story: Story) -> Markup | None:
    plan = story.plan
    if not plan.runners_up:
        return None
    caption = "The next best plans, and why they lost"
    return section("runners-up", "Runners-up", _candidate_table(caption, plan.runners_up, plan))
