"""A workflow and a cluster to start from, for somebody's own videos."""

import json
import os
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from vedette.errors import InputError, Place, Problem
from vedette.records.files import write_bytes


def write(videos: Sequence[str], folder: Path) -> tuple[Path, Path]:
    """Write workflow.yaml and cluster.yaml into ``folder``; nothing is ever overwritten."""
    paths = (folder / "workflow.yaml", folder / "cluster.yaml")
    problems = [_exists(path) for path in paths if path.exists()]
    problems += [
        _missing(video) for video in videos if _is_path(video) and not Path(video).exists()
    ]
    if problems:
        raise InputError(*problems)
    names = _names(videos)
    streams = "\n".join(
        f"    {name}: {{url: {json.dumps(_relative(video, folder))}}}"
        for name, video in zip(names, videos, strict=True)
    )
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        template = Template(files(__name__).joinpath(path.name).read_text(encoding="utf-8"))
        text = template.substitute(name=_word(folder.resolve().name), streams=streams)
        write_bytes(path, text.encode())
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
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-") or "camera"


def _exists(path: Path) -> Problem:
    return Problem("a file that is already there", "a free name", "--folder NEW", Place(str(path)))


def _missing(video: str) -> Problem:
    return Problem("no such file", "a video, a folder of images or a URL", place=Place(video))
