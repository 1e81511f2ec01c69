"""Tracks of a rehearsal in files that other tools read."""

from pathlib import Path

from vedette.errors import InputError, Place, Problem
from vedette.interop import of_tracks, unwritable, write_annotations
from vedette.profiling.truth import labels_asked
from vedette.session.rehearsing import Rehearsal
from vedette.types.graph import Workflow

STREAM = "{stream}"
"""What stands for the stream's name in a path, where there are several."""


def ensure_tracks(workflow: Workflow, path: Path) -> None:
    """Raise InputError where the tracks of a workflow could not be written to ``path``.

    So nobody learns it after the work: another ending than .txt and .json, a label that
    MOTChallenge has no number for, one file for several streams, labels that are there already.
    """
    problems = list(unwritable(path, labels_asked(workflow)))
    streams = sum(1 for _ in workflow.streams())
    if streams > 1 and STREAM not in path.name:
        found, hint = f"one file for {streams} streams", f"{path.with_name(STREAM + path.name)}"
        problems.append(Problem(found, f"a name with {STREAM} in it", hint, Place(str(path))))
    people = {Path(each.labels).resolve() for _, each in workflow.streams() if each.labels}
    if any(_file(path, each.name).resolve() in people for _, each in workflow.streams()):
        found, hint = (
            "a stream's labels, which are no tracks",
            f"{path.with_name('seen-' + path.name)}",
        )
        problems.append(Problem(found, "a file of their own", hint, Place(str(path))))
    if problems:
        raise InputError(*problems)


def write_tracks(rehearsal: Rehearsal, path: Path) -> tuple[Path, ...]:
    """Write each stream's confirmed boxes: ``.txt`` as MOTChallenge, ``.json`` as COCO has them.

    ``{stream}`` in the file's name is the stream's. Frames that were not analysed have no boxes.
    """
    trace, written = rehearsal.trace, []
    for stream in trace.streams:
        if stream in trace.sizes:
            file = _file(path, stream)
            write_annotations(file, of_tracks(trace, stream), trace.sizes[stream])
            written.append(file)
    return tuple(written)


def _file(path: Path, stream: str) -> Path:
    return path.with_name(path.name.replace(STREAM, stream))
