"""What the Tab key offers: files of the kind that is meant, models, tracks, planners, scenarios.

``vedette --install-completion`` teaches it to bash, zsh or fish. Nothing here may print or raise:
where there is nothing to offer, the shell offers files.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any, get_args

import typer

Completer = Callable[[typer.Context, str], list[str]]
KINDS = {"workflow": r"^(sources|steps):", "cluster": r"^devices:", "plan": r"^placement:"}
MOST_BYTES = 1_000_000


def files(*endings: str, kind: str = "") -> Completer:
    """Files with one of the endings and folders; YAML of another ``kind`` is left out."""

    def complete(_: typer.Context, incomplete: str) -> list[str]:
        return sorted(_files(incomplete, endings, kind))

    return complete


def _files(incomplete: str, endings: tuple[str, ...], kind: str) -> Iterator[str]:
    """A folder comes with what is in it, so that no shell takes it for the end of the word."""
    start, slash, name = incomplete.rpartition("/")
    for path in _listed(Path(start + slash or ".").expanduser()):
        if not path.name.startswith(name) or (path.name.startswith(".") and not name):
            continue
        if path.is_dir():
            inside = [p for p in _listed(path) if p.is_dir() or _is_meant(p, endings, kind)]
            if inside:
                yield f"{start}{slash}{path.name}/"
                yield from (f"{start}{slash}{path.name}/{each.name}" for each in inside)
        elif _is_meant(path, endings, kind):
            yield f"{start}{slash}{path.name}"


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _is_meant(path: Path, endings: tuple[str, ...], kind: str) -> bool:
    if path.suffix.lower() not in endings:
        return False
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return False
    found = [name for name, key in KINDS.items() if re.search(key, text, re.MULTILINE)]
    return not kind or not found or found[-1] == kind


def words(known: Callable[[], Iterable[str]]) -> Completer:
    """Names that are known once somebody asks."""

    def complete(_: typer.Context, incomplete: str) -> list[str]:
        return [word for word in known() if word.startswith(incomplete)]

    return complete


def _models() -> Iterable[str]:
    from vedette.models import zoo

    return [*zoo.MODELS, *zoo.CLIPS]


def _tracks() -> Iterable[str]:
    from vedette import bench

    return bench.TRACKS


def _architectures() -> Iterable[str]:
    from vedette.learning.networks import ARCHITECTURES

    return ARCHITECTURES


def _planners() -> Iterable[str]:
    from vedette.planning.tables import INPUTS

    return INPUTS


def _schemas() -> Iterable[str]:
    from vedette.session.schemas import NAMES

    return NAMES


def _parts() -> Iterable[str]:
    from vedette.session.rehearsing import PARTS

    return PARTS


def scenarios(context: typer.Context, incomplete: str) -> list[str]:
    """What may change in the workflow and cluster that the command names, up to its ``=``."""
    from vedette.errors import VedetteError
    from vedette.planning.scenario import keys
    from vedette.session import load_declaration

    before, comma, begun = incomplete.rpartition(",")
    named = [context.params.get(name) for name in ("workflow", "cluster")]
    given = [each for each in named if each] or context.args  # where --what-if has no value yet
    if len(given) < 2:
        return []
    try:
        declared = load_declaration(Path(given[0]), Path(given[1]))
    except VedetteError:
        return []
    return [f"{before}{comma}{key}=" for key in keys(*declared) if key.startswith(begun.strip())]


YAML = ".yaml", ".yml"
WORKFLOW, CLUSTER, PLAN = (files(*YAML, kind=kind) for kind in KINDS)
PROFILE = files(".json")
VIDEO = files(".avi", ".m4v", ".mkv", ".mov", ".mp4", ".ts", ".webm")
COMPLETERS: Mapping[str, Mapping[str, Completer]] = {
    "check": {"file": files(*YAML), "cluster": CLUSTER},
    "learn": {"workflow": WORKFLOW, "architectures": words(_architectures)},
    "profile": {"workflow": WORKFLOW, "cluster": CLUSTER},
    "plan": {"workflow": WORKFLOW, "cluster": CLUSTER, "profile": PROFILE, "what_if": scenarios},
    "explain": {"plan": PLAN, "profile": PROFILE},
    "simulate": {"plan": PLAN, "profile": PROFILE},
    "rehearse": {"plan": PLAN, "part": words(_parts)},
    "run": {"plan": PLAN},
    "init": {"videos": VIDEO},
    "solve": {"planner": words(_planners), "file": files(".json")},
    "models": {"fetch": words(_models)},
    "schema": {"name": words(_schemas)},
    "bench": {"track": words(_tracks)},
}
"""What each parameter of each verb is completed with; choices and folders go without saying."""


def completing(verb: str, command: Callable[..., None]) -> Callable[..., None]:
    """The verb's command, its parameters told how they are completed."""
    completers = COMPLETERS.get(verb, {})
    for name, parameter in signature(command).parameters.items():
        for info in _infos(parameter.annotation):
            info.autocompletion = completers.get(name, info.autocompletion)
    return command


def _infos(annotation: Any) -> Iterator[Any]:
    return (each for each in get_args(annotation) if hasattr(each, "autocompletion"))
