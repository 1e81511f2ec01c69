"""The sections about the run: how well it was predicted, how long it took, how to repeat it."""

from vedette.reporting.markup import Child, Markup, html, tag
from vedette.reporting.parts import bar, label, note, section, table
from vedette.reporting.story import Story
from vedette.reporting.wording import MEASURES, NONE, accuracy, change, number, score_name


def prediction(story: Story) -> Markup | None:
    """Predicted beside what the run showed, for every figure, with the relative error."""
    expected, ran = story.plan.predicted, story.ran
    if expected.label == ran.label:
        return None
    rows: list[list[Child]] = []
    for measure in MEASURES:
        guess, truth = measure.of(expected), measure.of(ran)
        unit = tag("span", f" {measure.unit}", class_="unit") if measure.unit else None
        name = html(measure.name, unit)
        rows.append([name, number(guess), number(truth), change(guess, truth) or NONE])
    for metric, score in story.chosen.scores.items():
        if metric in story.plan.scores:
            hoped, reached = story.plan.scores[metric].value, score.value
            off = change(hoped, reached) or NONE
            rows.append([score_name(metric), accuracy(hoped), accuracy(reached), off])
    heads = ["", label(expected.label), label(ran.label), "Error"]
    words = f"Error: how far the prediction lies above (+) or below (\u2212) what was {ran.label}"
    return section("prediction", "Predicted and run", table(words, heads, rows, "figures"))


def notes(story: Story) -> Markup | None:
    if not story.notes:
        return None
    listed = [tag("li", each) for each in story.notes]
    return section("notes", "What a reader must know", tag("ul", listed, class_="notes"))


def run(story: Story) -> Markup | None:
    """The time of each step, and how to do it again."""
    if not (story.timings or story.command or story.machine):
        return None
    longest = max((seconds for _, seconds in story.timings), default=0.0) or 1.0
    rows: list[list[Child]] = [
        [
            what,
            tag(
                "span",
                bar(seconds / longest, "mine"),
                tag("span", number(seconds)),
                class_="gauged",
            ),
        ]
        for what, seconds in story.timings
    ]
    total = sum(seconds for _, seconds in story.timings)
    rows.append(["Sum", tag("strong", number(total))])
    heads = ["", html("Seconds ", label("measured"))]
    return section(
        "run",
        "The run",
        table("Wall time of each step", heads, rows, "flow") if story.timings else None,
        html(note("Repeat it with"), tag("pre", tag("code", story.command)))
        if story.command
        else None,
        note(f"Ran on {story.machine}.") if story.machine else None,
    )
