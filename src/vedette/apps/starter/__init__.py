"""A workflow and a cluster to start from, for somebody's own videos."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from string import Template

from vedette.addresses import has_secrets
from vedette.errors import InputError, Place, Problem
from vedette.media.source import open_source
from vedette.records.files import make_folder, write_bytes
from vedette.types.graph import Stream

RESERVED = {
    *("true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf", "nan"),
    *(field.name for field in fields(Stream)),
}
"""Words that are no names of streams."""


def write(videos: Sequence[str], folder: Path) -> tuple[Path, Path]:
    """Write workflow.yaml and cluster.yaml into ``folder``; nothing is ever overwritten.

    Raises InputError for each video that cannot be opened; a URL is not tried.
    """
    paths = (folder / "workflow.yaml", folder / "cluster.yaml")
    problems = [_exists(path) for path in paths if path.exists()]
    for video in filter(_is_path, videos):
        problems += _unopened(video)
    if problems:
        raise InputError(*problems)
    names = _names(videos)
    streams = "\n".join(
        f"    {name}: {{url: {json.dumps(_relative(video, folder), ensure_ascii=False)}}}"
        for name, video in zip(names, videos, strict=True)
    )
    make_folder(folder)
    for path in paths:
        template = Template(files(__name__).joinpath(path.name).read_text(encoding="utf-8"))
        text = template.substitute(name=_word(folder.resolve().name), streams=streams)
        write_bytes(path, text.encode(), private=has_secrets(text))
    return paths


def _is_path(video: str) -> bool:
    return "://" not in video


def _relative(video: str, folder: Path) -> str:
    """As seen from the folder of the workflow file."""
    return os.path.relpath(video, folder) if _is_path(video) else video


def _names(videos: Sequence[str]) -> list[str]:
    """A stream name for each video, all different."""
    names: list[str] = []
    for number, video in enumerate(videos, start=1):
        stem = _word(Path(video.split("://")[-1]).stem)
        names.append(stem if stem not in names else f"{stem}-{number}")
    return names


def _word(text: str) -> str:
    """A name that is none of YAML's own words or numbers, nor a key of a stream.

    >>> _word("Gate 2"), _word("2024-05"), _word("url")
    ('Gate-2', 'camera-2024-05', 'camera-url')
    """
    word = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")
    is_plain = word[:1].isalpha() and word.lower() not in RESERVED
    return word if is_plain else f"camera-{word}".strip("-")


def _exists(path: Path) -> Problem:
    return Problem("a file that is already there", "a free name", "--folder NEW", Place(str(path)))


def _unopened(video: str) -> tuple[Problem, ...]:
    try:
        with open_source(Stream("camera", video)):
            return ()
    except InputError as error:
        return error.problems
