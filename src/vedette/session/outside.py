"""What a workflow names on this machine, and what is wrong with it before anything is measured."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from vedette.addresses import scheme_of
from vedette.declaring.operator import signatures
from vedette.declaring.paths import is_absolute
from vedette.errors import ModelError
from vedette.media.source import local_file
from vedette.models.heads import CLASSIFIER
from vedette.models.own import is_here, is_web, opened
from vedette.profiling.truth import groups_asked, label_problems
from vedette.records.mistakes import Mistake
from vedette.types.graph import Workflow


def outside_mistakes(workflow: Workflow) -> Iterator[Mistake]:
    """Streams' files that are not there, and all that is wrong in their labels, each with its line.

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
