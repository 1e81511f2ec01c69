"""A user's own models: from their syntax and back, and mistakes that need no look at a file."""

import os.path
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from vedette.declaring.paths import is_absolute, local_path
from vedette.errors import DeclarationError, Place, Problem
from vedette.records.files import read_bytes
from vedette.records.mistakes import Mistake, shown
from vedette.types.cascade import Cascade
from vedette.types.graph import Step, Workflow
from vedette.types.models import OwnModel, variants_of
from vedette.types.operators import Signature

MOST_NAMES_BYTES = 1 << 20
_SAME = ("head", "sha256", "colours", "pad", "fit", "layout", "boxes", "provider")
_TUPLES = ("range", "mean", "std")


def built_models(written: Mapping[str, Any], folder: Path) -> Iterator[OwnModel]:
    """What is written under ``models``; a model alone is its file."""
    for name, value in written.items():
        given = {"file": value} if isinstance(value, str) else value
        yield own_model(name, given.get("file", ""), folder, given)


def own_model(name: str, file: str, folder: Path, given: Mapping[str, Any]) -> OwnModel:
    """One model in the words of its syntax; paths start at ``folder``.

    ``labels`` may be a file with a name in each line, which is read here: a workflow holds the
    names. Raises DeclarationError where it cannot be.
    """
    said = {key: given[key] for key in _SAME if key in given}
    said |= {key: tuple(map(float, given[key])) for key in _TUPLES if key in given}
    if "size" in given:
        size = given["size"]
        said["sizes"] = tuple(size) if isinstance(size, list | tuple) else (size,)
    if "labels" in given:
        said["labels"] = tuple(_labels(given["labels"], folder))
    if "anchors" in given:
        said["anchors"] = {
            int(stride): tuple((float(w), float(h)) for w, h in pairs)
            for stride, pairs in given["anchors"].items()
        }
    return OwnModel(name, local_path(file, folder), **said)


def plain_model(model: OwnModel, folder: Path | None = None) -> dict[str, Any]:
    """The syntax of a model; what it leaves to the file is not written."""
    file = model.file
    if folder is not None and not is_absolute(file):
        file = os.path.relpath(file, folder)
    plain: dict[str, Any] = {"file": file}
    for each in fields(model):
        value = getattr(model, each.name)
        if each.name in (*_SAME, *_TUPLES, "labels") and value not in (None, (), each.default):
            plain[each.name] = list(value) if isinstance(value, tuple) else value
    if model.sizes:
        plain["size"] = list(model.sizes) if len(model.sizes) > 1 else model.sizes[0]
    if model.anchors:
        plain["anchors"] = {
            str(stride): [list(pair) for pair in pairs] for stride, pairs in model.anchors.items()
        }
    return plain


def own_variants(workflow: Workflow) -> dict[str, OwnModel | Cascade]:
    """The workflow's own models and cascades by the names of their variants."""
    return {variant.name: each for each in workflow.own for variant in variants_of(each)}


def model_mistakes(workflow: Workflow, variants: Iterable[str]) -> Iterator[Mistake]:
    """Names that mean two models, addresses without a digest, sizes and labels twice."""
    counts = Counter(variants)
    counts.update(each.name for own in workflow.own for each in variants_of(own))
    for own in workflow.own:
        twice = next((each.name for each in variants_of(own) if counts[each.name] > 1), None)
        if twice is not None:
            part = "cascades" if isinstance(own, Cascade) else "models"
            found = f"the model {twice!r} a second time"
            hint = f"my-{own.name}"
            yield Mistake((part, own.name), found, "a name of its own", hint, at_key=True)
    for model in workflow.models:
        path = ("models", model.name)
        if model.file.startswith(("http://", "https://")) and model.sha256 is None:
            found, expected = "an address without sha256", "the digest of what it delivers"
            yield Mistake((*path, "file"), found, expected, "sha256: the output of sha256sum")
        label = next((each for each, n in Counter(model.labels).items() if n > 1), None)
        if label is not None:
            found = f"the label {label!r} a second time"
            yield Mistake((*path, "labels"), found, "each label once", "another name for one")
        yield from _anchors(model)


def _anchors(model: OwnModel) -> Iterator[Mistake]:
    counts = {len(pairs) for pairs in (model.anchors or {}).values()}
    if len(counts) > 1:
        path = ("models", model.name, "anchors")
        found = f"{' and '.join(map(str, sorted(counts)))} anchors for different strides"
        yield Mistake(path, found, "as many for each stride", "the masks of its configuration")


def labels_of(
    step: Step, signature: Signature, own: Mapping[str, OwnModel | Cascade]
) -> tuple[bool, tuple[str, ...] | None]:
    """Whether a step may run a model of the zoo, and the labels of its own ones.

    The labels are None where a file alone knows them.
    """
    named = [
        str(value)
        for name in signature.models
        for value in (*step.choices.get(name, ()), step.settings.get(name))
        if value is not None
    ]
    named = [name for name in named if not isinstance(own.get(name), Cascade)]
    models = [one for name in named if isinstance(one := own.get(name), OwnModel)]
    if any(not model.labels for model in models):
        return True, None
    labels = dict.fromkeys(label for model in models for label in model.labels)
    return len(models) < len(named) or not named, tuple(labels)


def _labels(written: Any, folder: Path) -> Iterable[str]:
    if not isinstance(written, str):
        return [str(each) for each in written]
    path = Path(local_path(written, folder))
    content = read_bytes(path, DeclarationError, most_bytes=MOST_NAMES_BYTES)
    lines = content.decode("utf-8", "replace").splitlines()
    names = [line.strip() for line in lines if line.strip()]
    if not names:
        found = shown(content[:60].decode("utf-8", "replace"))
        raise DeclarationError(
            Problem(found, "a name in each line", "labels: [car, truck]", Place(str(path)))
        )
    return names
