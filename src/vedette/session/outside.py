"""What a workflow names on this machine, and what is wrong with it before anything is measured."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vedette.addresses import scheme_of
from vedette.declaring.operator import signatures
from vedette.declaring.paths import is_absolute
from vedette.errors import ModelError, VedetteError
from vedette.media.source import local_file, open_source
from vedette.models.heads import CLASSIFIER
from vedette.models.learned import changed_size, ensure_whole
from vedette.models.own import is_here, is_web, opened
from vedette.ops.zone import corner_outside, zone_problem
from vedette.profiling.truth import groups_asked, label_problems
from vedette.records.mistakes import ElementPath, Mistake
from vedette.types.graph import Step, Workflow


def outside_mistakes(workflow: Workflow) -> Iterator[Mistake]:
    """Streams' files that are not there, zones outside of their pictures, cascades of other cameras
    or other files, and all that is wrong in labels, each with its line.

    Nobody is asked for what comes over a network.
    """
    groups = groups_asked(workflow)
    for source, stream in workflow.streams():
        path = ("sources", source, stream.name)
        if _is_local(stream.url) and local_file(stream.url) is None:
            found, expected = f"no file {stream.url}", "a video file or a folder of pictures"
            hint = "the right path; relative ones start at the folder of the workflow file"
            yield Mistake((*path, "url"), found, expected, hint)
        if stream.labels is None:
            continue
        if not Path(stream.labels).exists():
            found, expected = f"no file {stream.labels}", "a file of labels"
            yield Mistake((*path, "labels"), found, expected, "NAME.mot.txt or NAME.coco.json")
            continue
        for each in label_problems(stream, groups):
            yield Mistake((*path, "labels"), each.found, each.expected, each.hint, each.place)
    yield from _models(workflow)
    yield from _zones(workflow)
    yield from _cascades(workflow)


def _zones(workflow: Workflow) -> Iterator[Mistake]:
    """Corners of zones that lie outside of the pictures they are about; the first of each zone.

    Only files are opened, and one that cannot be is no mistake of the zone.
    """
    zones = [(step, path, zone) for step in workflow.steps for path, zone in _drawn(step)]
    sizes = _sizes(workflow) if zones else {}
    for step, path, zone in zones:
        for source in sorted(workflow.sources_of(step.name)):
            for stream, size in sizes.get(source, {}).items():
                lost, told = corner_outside(zone, size), zone_problem(zone, size, stream)
                if lost is not None and told is not None:
                    yield Mistake((*path, lost), told.found, told.expected, told.hint)


def _drawn(step: Step) -> Iterator[tuple[ElementPath, Any]]:
    """(where it stands, corners) of each zone of a step that has the shape of one."""
    found: Any = {}
    if step.operator in ("presence", "present"):
        found = {("zone",): step.settings.get("zone")}
    elif step.operator == "zone" and isinstance(step.settings.get("zones"), Mapping):
        named: Any = step.settings["zones"]
        found = {("zones", name): zone for name, zone in named.items()}
    for path, zone in found.items():
        if zone is not None and _is_polygon(zone):
            yield ("steps", step.name, *path), zone


def _is_polygon(zone: Any) -> bool:
    """Whether it has the shape of one; what else is wrong with it is said elsewhere."""
    try:
        corners = np.array(zone, np.float64)
        return corners.shape[1:] == (2,) and bool((corners >= 0).all())
    except (TypeError, ValueError):
        return False


def _sizes(workflow: Workflow) -> dict[str, dict[str, tuple[int, int]]]:
    """The width and height of each stream that is a file, by source."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for source, stream in workflow.streams():
        if stream.pace == "file" and _is_local(stream.url) and local_file(stream.url) is not None:
            with suppress(VedetteError), open_source(replace(stream, repeat=1)) as reader:
                found.setdefault(source, {})[stream.name] = reader.size
    return found


def _cascades(workflow: Workflow) -> Iterator[Mistake]:
    """Learned files that are not those that were learned, and cameras that have changed since."""
    for each in workflow.cascades:
        try:
            ensure_whole(each)
        except ModelError as error:
            for problem in error.problems:
                found = f"{problem.place}: {problem.found}" if problem.place else problem.found
                yield Mistake(("cascades", each.name), found, problem.expected, problem.hint)
    learned = {each.name: each for each in workflow.cascades}
    sizes = _sizes(workflow) if learned else {}
    for step in workflow.steps:
        named = (step.settings.get("model"), *step.choices.get("model", ()))
        for each in (learned[str(name)] for name in named if str(name) in learned):
            for source in sorted(workflow.sources_of(step.name)):
                for size in sizes.get(source, {}).values():
                    if size != each.size:
                        told = changed_size(each.name, each.size, size)
                        path = ("steps", step.name, "model")
                        yield Mistake(path, told.found, told.expected, told.hint)


def _models(workflow: Workflow) -> Iterator[Mistake]:
    """Model files that are not there or cannot be used, and steps that need another kind.

    A model's address is not asked: one that was fetched before is looked at.
    """
    heads: dict[str, str] = {}
    for model in workflow.models:
        if is_web(model.file) and not is_here(model):
            continue
        first = model.variants()[0]
        try:
            head = opened(model, first.size or None)[1].usage.head.name
        except ModelError as error:
            for each in error.problems:
                found = f"{each.place}: {each.found}" if each.place else each.found
                yield Mistake(("models", model.name), found, each.expected, each.hint)
            continue
        heads |= {variant.name: head for variant in model.variants()}
    yield from _kinds(workflow, heads)


def _kinds(workflow: Workflow, heads: Mapping[str, str]) -> Iterator[Mistake]:
    known = signatures()
    for step in workflow.steps:
        kinds = known[step.operator].kinds if step.operator in known else {}
        for name, kind in kinds.items():
            for value in (*step.choices.get(name, ()), step.settings.get(name)):
                is_classifier = heads.get(str(value)) == CLASSIFIER
                if kind == "Detector" and is_classifier:
                    found, hint = f"the classifier {value}", "classify_image, for crops"
                    yield Mistake(("steps", step.name, name), found, "a detector", hint)
                if kind == "Classifier" and value is not None and not is_classifier:
                    found, hint = f"{value}, which is no classifier", "head: classifier"
                    yield Mistake(("steps", step.name, name), found, "a classifier", hint)


def _is_local(url: str) -> bool:
    """Whether it is a path, or a file's URL, without variables of the environment."""
    if not url or "${" in url:
        return False
    return scheme_of(url) == "file" or Path(url).is_absolute() or not is_absolute(url)
