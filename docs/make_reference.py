"""Write the reference from the code: what can be imported, typed, declared, measured and raised.

``python docs/make_reference.py`` writes the pages of ``reference/``; a test holds them to the code,
and ``--check`` says if they are up to date.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import Parameter
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, get_args

from pydantic import BaseModel
from typer.models import ArgumentInfo, CommandInfo, OptionInfo

import vedette as vd
from vedette import cli, errors, session
from vedette.declaring.operator import Resource, signatures
from vedette.declaring.shape import described, fields
from vedette.declaring.workflow import WorkflowBuilder
from vedette.models import zoo
from vedette.planning.explain import Explanation
from vedette.records import syntax
from vedette.records.schemas import NAMES
from vedette.reporting.wording import MEASURES
from vedette.session.common import Progress
from vedette.types import cluster, events, figures, graph, media, plan, profile
from vedette.types.operators import Port, Setting, Signature

WIDTH = 100
STARS: dict[object, str] = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}
BY_THE_PLANNER = ("tile", "merge", "encode", "decode")
"""Registered like all others, but a plan puts them in; nobody declares them."""

VALUES: dict[str, tuple[type, ...]] = {
    "What is declared": (
        graph.Workflow,
        graph.Source,
        graph.Stream,
        graph.Span,
        graph.Step,
        graph.Objective,
        graph.EventRule,
        graph.Transport,
        cluster.Cluster,
        cluster.Device,
        cluster.Link,
    ),
    "What moves through a workflow": (
        media.Key,
        media.Frame,
        media.Detections,
        media.Crop,
        media.Match,
        events.Event,
    ),
    "What comes out": (
        profile.Profile,
        plan.Deployment,
        plan.Plan,
        plan.Candidate,
        plan.Proof,
        figures.Figures,
        figures.Score,
        figures.Share,
        Explanation,
        session.Rehearsal,
        session.Ran,
        events.Incident,
    ),
}

KEYS: dict[str, type[BaseModel]] = {
    "workflow.yaml": syntax.WorkflowSyntax,
    "workflow.yaml: a stream in `sources`": syntax.StreamSyntax,
    "workflow.yaml: a step in `steps`": syntax.StepSyntax,
    "workflow.yaml: `objective`": syntax.ObjectiveSyntax,
    "workflow.yaml: `events`": syntax.EventsSyntax,
    "workflow.yaml: `transport`": syntax.TransportSyntax,
    "cluster.yaml": syntax.ClusterSyntax,
    "cluster.yaml: a device in `devices`": syntax.DeviceSyntax,
    "cluster.yaml: a link in `links`": syntax.LinkSyntax,
}


FOLDER = Path(__file__).with_name("reference")


def pages() -> dict[str, str]:
    """Every page by its file's name."""
    parts = {
        "python.md": ("Python", (python, error_classes)),
        "values.md": ("Values", (values,)),
        "commands.md": ("Commands", (commands,)),
        "files.md": ("Files", (files, metrics)),
        "operators.md": ("Operators and models", (operators, models)),
    }
    return {name: _page(title, made) for name, (title, made) in parts.items()}


def _page(title: str, parts: Iterable[Callable[[], Iterator[str]]]) -> str:
    lines = [f"# {title}", "", "Made from the code by `docs/make_reference.py`.", ""]
    lines += [line for part in parts for line in part()]
    return "\n".join(lines).rstrip() + "\n"


def stale() -> list[Path]:
    """The pages that are not what the code says, or that nothing makes."""
    made = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    there.pop("index.md", None)
    return [FOLDER / name for name in sorted({*made, *there}) if made.get(name) != there.get(name)]


def python() -> Iterator[str]:
    yield from ("`import vedette as vd` has these names.", "")
    for name in vd.__all__:
        yield from _entry(f"## `vd.{name}`", getattr(vd, name))
    yield from ("The builder that `vd.workflow` returns has three methods.", "")
    for method in (WorkflowBuilder.source, WorkflowBuilder.step, WorkflowBuilder.build):
        yield from _entry(f"### `WorkflowBuilder.{method.__name__}`", method)


def values() -> Iterator[str]:
    yield from ("All are frozen. Each stands under the module it comes from.", "")
    for title, kinds in VALUES.items():
        yield from (f"## {title}", "")
        for kind in kinds:
            yield from _entry(f"### `{kind.__module__}.{kind.__qualname__}`", kind)


def _entry(heading: str, thing: Any) -> Iterator[str]:
    """A function or class with its signature and docstring; of a marker what it marks."""
    yield from (heading, "")
    if isinstance(thing, FunctionType | type):
        yield from ("```python", _signed(thing), "```", "", *_doc(thing))
    else:
        yield from _doc(Resource)


def _doc(thing: Callable[..., Any] | ModuleType) -> list[str]:
    """A docstring without doctests, and without what a dataclass makes up."""
    text = inspect.getdoc(thing) or ""
    if text.startswith(f"{thing.__name__}("):
        return []
    return [*_plain(text.partition(">>>")[0].strip()).splitlines(), ""]


def _plain(text: str) -> str:
    """The markup of docstrings as that of this page."""
    return re.sub(r":\w+:`([^`]*)`", r"`\1`", text).replace("``", "`")


def _first(text: str | None) -> str:
    """A docstring's first paragraph on one line."""
    return " ".join(_plain((text or "").partition("\n\n")[0]).split())


def _signed(thing: Callable[..., Any]) -> str:
    """A signature as the source has it, one parameter a line where it is long."""
    found = inspect.signature(thing)
    shown = list(_parameters([p for p in found.parameters.values() if p.name != "self"]))
    result = found.return_annotation
    has_result = result is not None and result is not found.empty
    end = f" -> {_hint(result)}" if has_result else ""
    line = f"{thing.__name__}({', '.join(shown)}){end}"
    if len(line) <= WIDTH:
        return line
    return "\n".join((f"{thing.__name__}(", *(f"    {each}," for each in shown), f"){end}"))


def _parameters(found: Sequence[Parameter]) -> Iterator[str]:
    is_open = True
    for number, each in enumerate(found):
        if each.kind is Parameter.KEYWORD_ONLY and is_open:
            yield "*"
        is_open = is_open and each.kind not in (Parameter.KEYWORD_ONLY, Parameter.VAR_POSITIONAL)
        hint = "" if each.annotation is each.empty else f": {_hint(each.annotation)}"
        default = "" if each.default is each.empty else f" = {_default(each.default)}"
        yield f"{STARS.get(each.kind, '')}{each.name}{hint}{default}"
        following = found[number + 1].kind if number + 1 < len(found) else None
        if each.kind is Parameter.POSITIONAL_ONLY and following is not Parameter.POSITIONAL_ONLY:
            yield "/"


def _hint(hint: Any) -> str:
    if hint == Progress:
        return "Progress"
    text = hint if isinstance(hint, str) else inspect.formatannotation(hint)
    text = text.replace(inspect.formatannotation(graph.Metric), "Metric")
    text = re.sub(r"numpy\.ndarray\[.*numpy\.dtype\[numpy\.(\w+)\]\]", r"NDArray[\1]", text)
    return re.sub(r"\b(?:\w+\.)+(?=[A-Z])", "", text.replace("~", ""))


def _default(value: Any) -> str:
    if isinstance(value, FunctionType):
        return value.__name__
    return "..." if "factory" in repr(value) else repr(value)


def commands() -> Iterator[str]:
    yield from _doc(cli)
    for command in cli.app.registered_commands:
        yield from _command(command)


def _command(command: CommandInfo) -> Iterator[str]:
    if command.callback is not None:
        yield from (f"## `vedette {command.name}`", "", *_doc(command.callback))
        found = inspect.signature(command.callback).parameters.values()
        yield from _table(("argument or option", "what", "default"), map(_argument, found))


def _argument(parameter: Parameter) -> tuple[str, ...]:
    kind, told = get_args(parameter.annotation)
    name = parameter.name
    if isinstance(told, OptionInfo):
        name = ", ".join(told.param_decls or (f"--{name.replace('_', '-')}",))
    elif isinstance(told, ArgumentInfo):
        name = name.upper()
    is_required = parameter.default is parameter.empty
    is_said = not is_required and parameter.default not in {None, False}
    default = "required" if is_required else f"`{parameter.default}`" if is_said else ""
    choices = f" One of {', '.join(map(str, get_args(kind)))}." if _is_literal(kind) else ""
    return f"`{name}`", f"{told.help}{choices}", default


def _is_literal(kind: Any) -> bool:
    return all(isinstance(each, str) for each in get_args(kind)) and bool(get_args(kind))


def files() -> Iterator[str]:
    yield from (f"`vedette schema NAME` describes: {', '.join(NAMES)}.", "")
    for title, kind in KEYS.items():
        yield from (f"## {title}", "", *_doc(kind))
        yield from _table(("key", "value", "what", "default"), _keys(kind))


def _keys(kind: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    told = {field.alias or name: field for name, field in kind.model_fields.items()}
    for name, (hint, is_required) in fields(kind).items():
        default = told[name].default
        is_said = not is_required and not isinstance(default, BaseModel | None)
        shown = "required" if is_required else f"`{default}`" if is_said else ""
        yield f"`{name}`", described(hint), told[name].description or "", shown


def operators() -> Iterator[str]:
    found = signatures()
    for name, each in found.items():
        if name not in BY_THE_PLANNER:
            yield from _operator(each)
    yield from ("## In plans only", "")
    yield from (f"- `{name}`: {_first(found[name].doc)}" for name in BY_THE_PLANNER)
    yield ""


def _operator(each: Signature) -> Iterator[str]:
    inputs = ", ".join(map(_port, each.inputs))
    state = "one instance a stream" if each.stateful else "no state"
    yield from (f"## `{each.name}`", "", f"{inputs} → {_port(each.output)}; {state}.", "")
    yield from (*_plain(each.doc).splitlines(), "")
    models = ((f"`{name}`", "a model variant", "", "every offered one") for name in each.models)
    rows = (*map(_setting, each.settings.values()), *models)
    yield from _table(("setting", "value", "default", "knob: what a plan may choose"), rows)


def _port(port: Port) -> str:
    many = f"any number of {port.type}" if port.arity == "all" else port.type
    return f"{many} or nothing" if port.may_drop else many


def _setting(setting: Setting) -> tuple[str, ...]:
    default = "required" if setting.required else f"`{setting.default}`"
    knob = ", ".join(f"`{each}`" for each in setting.choices)
    return f"`{setting.name}`", described(setting.schema), default, knob


def metrics() -> Iterator[str]:
    yield from ("## Metrics", "", "For `minimise` and `ceilings`; less is better.", "")
    rows = ((f"`{each.field}`", each.name, each.unit or "money") for each in MEASURES)
    yield from _table(("key", "name", "unit"), rows)
    yield from _doc(figures.Figures)
    floors = " and ".join(f"`{each}`" for each in get_args(graph.Accuracy))
    yield from (f"For `floors`: {floors}, each from 0 to 1.", "")


def models() -> Iterator[str]:
    yield from ("## Model variants", "", *_doc(zoo.variants))
    offered = zoo.variants()
    rows = (
        (f"`{name}`", each.model, f"{each.size}, {each.shape}", "" if name in offered else "yes")
        for name, each in zoo.variants(larger=True).items()
    )
    yield from _table(("variant", "model", "input", "must be named"), rows)


def error_classes() -> Iterator[str]:
    yield from ("## Errors", "", "Each has `problems`: what was found, what was expected,")
    yield from ("what to try, and where.", "")
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.VedetteError)
    ]
    rows = ((f"`{kind.__name__}`", _exit_status(kind), _first(kind.__doc__)) for kind in kinds)
    yield from _table(("class in vedette.errors", "exit status", "what"), rows)


def _exit_status(kind: type[errors.VedetteError]) -> str:
    return "3" if issubclass(kind, errors.InfeasibleError) else "2"


def _table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    names, lines = tuple(head), list(rows)
    if lines:
        yield from (_row(names), _row("---" for _ in names), *map(_row, lines), "")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(' '.join(each.split()).replace('|', chr(92) + '|') for each in cells)} |"


def main() -> None:
    if "--check" in sys.argv:
        if found := stale():
            names = ", ".join(path.name for path in found)
            sys.exit(f"{names}: not what the code says; run: python docs/make_reference.py")
        return
    for path in stale():
        path.unlink(missing_ok=True)
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
