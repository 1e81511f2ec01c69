"""The report of a learned cascade: what it promises, what that rests on, and where it differs.

Every mistake is one against the reference, which is often the one that is wrong: the page never
says what there really was.
"""

from collections.abc import Sequence
from pathlib import Path

from vedette.records.files import write_bytes
from vedette.reporting.cascade_drawing import draw_curves, draw_scatter, draw_timeline
from vedette.reporting.cascade_story import Curve, Scene, Story
from vedette.reporting.markup import Child, Markup, html, tag
from vedette.reporting.parts import bar, document, label, note, picture, section, table, wide
from vedette.reporting.wording import NONE, THIN, join, number, whole
from vedette.types.cascade import Cascade, Question


def write_cascade_report(story: Story, path: Path) -> None:
    """Write the page, all of it or nothing; raises RecordError where that fails."""
    write_bytes(path, render(story).encode())


def render(story: Story) -> str:
    """The page as text."""
    sections = (
        _headline,
        _scatter,
        _stages,
        _errors,
        _timeline,
        _scenes,
        _rehearsed,
        _curves,
        _run,
    )
    return document(story.title, (each(story) for each in sections))


def _headline(story: Story) -> Markup:
    return tag(
        "header",
        tag("p", story.title, class_="over-title"),
        tag("h1", asked_text(story.question)),
        tag("p", verdict(story), class_="answer"),
        tag("ul", [tag("li", each) for each in story.notes], class_="notes")
        if story.notes
        else None,
    )


def asked_text(question: Question) -> str:
    """A question in words.

    >>> asked_text(Question({"vehicle": ("car", "bus")}, zone=((0, 0), (9, 0), (9, 9))))
    'Is there a car or bus in the zone (confidence 0.5 or more)?'
    """
    labels = [each for group in question.classes.values() for each in group]
    *first, last = labels
    what = f"{', '.join(first)} or {last}" if first else last
    where = "in the zone" if question.zone else "anywhere in the picture"
    article = "an" if what[:1] in "aeiou" else "a"
    return f"Is there {article} {what} {where} (confidence {question.confidence:g} or more)?"


def verdict(story: Story) -> str:
    """The whole page in a paragraph."""
    fnr, fpr = story.promise
    promised = (
        f"at most {percent(fnr)} of the reference's yes frames answered no and {percent(fpr)} of "
        "its no frames answered yes"
    )
    cascade = story.cascade
    if cascade is None:
        return (
            f"No cascade keeps the promise of {promised}: {story.refusal} "
            f"Until then {story.reference} alone answers, at {number(story.reference_ms)} CPU ms "
            "a frame."
        )
    evidence = cascade.evidence
    if evidence is None:
        return f"The promise: {promised}."
    times = evidence.reference_ms / evidence.cpu_ms
    missed, made_up = evidence.fn, evidence.fp
    return (
        f"A source frame takes {number(evidence.cpu_ms)} CPU ms, decoding included, where the "
        f"reference {story.reference} takes {number(evidence.reference_ms)}: {number(times)} times "
        f"less. The promise is {promised}; on what decided, against the reference, "
        f"{whole(missed.hits)} of {whole(missed.total)} yes frames were answered no "
        f"({percent(missed.value)}) and {whole(made_up.hits)} of {whole(made_up.total)} no frames "
        f"yes ({percent(made_up.value)}), in {evidence.runs[0]} runs of yes and {evidence.runs[1]} "
        "of no."
    )


def percent(value: float) -> str:
    r"""A share with three digits, as mistakes are rare.

    >>> percent(0.0123), percent(0), percent(0.00004)
    ('1.23\u202f%', '0\u202f%', '< 0.01\u202f%')
    """
    if 0 < value < 0.0001:
        return f"< 0.01{THIN}%"
    return f"{100 * value:.3g}{THIN}%"


def _scatter(story: Story) -> Markup | None:
    if not story.points:
        return None
    count = len(story.weighed.cost_ms)
    return section(
        "scatter",
        "Cost and accuracy of everything that was searched",
        wide("cost and accuracy", draw_scatter(story.weighed, story.points, story.promise)),
        note(
            f"{whole(count)} cascades, each the cheapest of its kind with its mistakes. Up: the "
            "worse of both kinds of mistake, as a share of what was promised, on what decided. "
            "Right: CPU ms a source frame at speed 1, decoding included, ",
            label("predicted"),
            " from the cost of each stage alone.",
        ),
    )


def _stages(story: Story) -> Markup | None:
    if not story.stages:
        return None
    rows: list[list[Child]] = [
        [
            each.name,
            each.rule,
            percent(each.seen),
            _gauged(each.answered),
            number(each.call_ms),
            number(each.seen * each.call_ms),
        ]
        for each in story.stages
    ]
    total = sum(each.seen * each.call_ms for each in story.stages)
    rows.append(["Sum", "", "", "", "", tag("strong", number(total))])
    heads = ["Stage", "Rule", "Sees", "Answers", "ms a call", "ms a source frame"]
    words = "Shares of all source frames; what is skipped or the same repeats the last answer"
    return section("stages", "Who answers", table(words, heads, rows, "figures stages"))


def _gauged(part: float) -> Markup:
    return tag("span", bar(part, "mine"), tag("span", percent(part)), class_="gauged")


def _errors(story: Story) -> Markup | None:
    if not story.errors:
        return None
    rows: list[list[Child]] = [
        [
            each.part,
            each.kind,
            f"{whole(each.wrong)} of {whole(each.total)}",
            percent(each.wrong / each.total) if each.total else NONE,
            _between(each.by_frames),
            f"{each.runs_wrong} of {each.runs}",
            _between(each.by_runs),
        ]
        for each in story.errors
    ]
    sure = " or ".join(sorted({f"{each.level:.0%}" for each in story.errors}))
    heads = ["On", "Against the reference", "Frames", "Share", "by frames", "Runs", "by runs"]
    return section(
        "errors",
        "What the promise rests on",
        table(f"Each bound of an interval holds with {sure} confidence", heads, rows, "figures"),
        note(
            "Frames of one event err together. The interval by frames takes each for a trial of "
            "its own and is the narrower for it; by runs, a whole run of yes or of no is one."
        ),
    )


def _between(interval: tuple[float, float]) -> str:
    return f"{percent(interval[0])} to {percent(interval[1])}"


def _rehearsed(story: Story) -> Markup | None:
    if not story.rehearsed:
        return None
    rows: list[list[Child]] = [
        [
            each.family,
            each.margin,
            number(each.cost_ms),
            f"{each.missed[0]} of {whole(each.missed[1])}",
            f"{each.made_up[0]} of {whole(each.made_up[1])}",
            each.why_not or "it held",
        ]
        for each in story.rehearsed
    ]
    heads = ["Stages", "Margin", "ms a frame", "yes answered no", "no answered yes", ""]
    words = "Each chosen again without every block of time in turn, and counted on that block"
    return section(
        "rehearsed", "What was rehearsed, and passed over", table(words, heads, rows, "candidates")
    )


def _timeline(story: Story) -> Markup | None:
    if story.timeline is None:
        return None
    return section(
        "timeline",
        "Answers over time, on what decided",
        wide("answers over time", draw_timeline(story.timeline)),
    )


def _scenes(story: Story) -> Markup:
    return html(
        _pictures(
            "mistakes",
            "The longest mistakes, against the reference",
            story.mistakes,
            "Where the cascade answered otherwise than the reference, the longest runs first.",
        ),
        _pictures(
            "disagreements",
            "The longest sure disagreements with the reference",
            story.disagreements,
            "Where a cheaper model was sure of the opposite. Often it is the reference that "
            "missed something, or saw something that is not there: look for yourself.",
        ),
    )


def _pictures(name: str, heading: str, scenes: Sequence[Scene], words: str) -> Markup | None:
    if not scenes:
        return None
    return section(
        name, heading, note(words), tag("div", [_scene(each) for each in scenes], class_="pictures")
    )


def _scene(scene: Scene) -> Markup:
    first, last = scene.frames
    minutes, seconds = divmod(scene.start_s, 60)
    when = f"{int(minutes)}:{seconds:04.1f}"
    frames = f"frame {first}" if first == last else f"frames {first} to {last}"
    return tag(
        "figure",
        picture(scene.picture, f"{frames}: {scene.says}"),
        tag("figcaption", tag("strong", f"{when}, {frames}"), scene.says),
    )


def _curves(story: Story) -> Markup | None:
    if not story.curves:
        return None
    return section(
        "curves",
        "How the specialised models learned",
        tag(
            "div",
            [
                tag("figure", draw_curves(each), tag("figcaption", _learned(each)))
                for each in story.curves
            ],
            class_="pictures",
        ),
    )


def _learned(curve: Curve) -> str:
    kept = f"kept after epoch {curve.best + 1} of {len(curve.trained)}"
    return f"{curve.name}: {kept}, loss {number(curve.held_out[curve.best])} on frames held out"


def _run(story: Story) -> Markup | None:
    rows: list[list[Child]] = [[what, number(ms)] for what, ms in story.costs]
    longest = max((seconds for _, seconds in story.timings), default=0.0) or 1.0
    took: list[list[Child]] = [
        [
            what,
            tag("span", bar(s / longest, "mine"), tag("span", number(s)), class_="gauged"),
        ]
        for what, s in story.timings
    ]
    return section(
        "run",
        "What it took",
        tag(
            "div",
            table("CPU ms at speed 1, one call each", ["", html("ms ", label("measured"))], rows)
            if rows
            else None,
            table("Wall time of each step", ["", html("Seconds ", label("measured"))], took, "flow")
            if took
            else None,
            class_="columns",
        ),
        html(note("Repeat it with"), tag("pre", tag("code", story.command)))
        if story.command
        else None,
        note(f"Ran on {story.machine}.") if story.machine else None,
    )


def stages_text(cascade: Cascade) -> str:
    """A cascade's stages in a line, in the order in which a frame meets them."""
    words = [f"every {_nth(cascade.frame_step)} frame"] if cascade.frame_step > 1 else []
    if cascade.difference is not None:
        words.append(f"difference ({cascade.difference.method})")
    words += [each.model for each in cascade.scores]
    return join([*words, cascade.reference])


def _nth(number_: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number_ % 10, "th")
    return f"{number_}{'th' if 10 < number_ % 100 < 14 else ending}"
