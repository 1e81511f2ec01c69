"""Whether files are what a verb was given them for, and were made for one another."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vedette.errors import DeclarationError, InputError, Place, Problem, RecordError
from vedette.profiling.sweep import question
from vedette.records.nodes import read_document
from vedette.types.graph import Workflow
from vedette.types.profile import Profile

FILMS = {".avi", ".m4v", ".mkv", ".mov", ".mp4", ".ts", ".webm"}
HINTS = {
    "workflow": "vedette init VIDEO, which writes one",
    "cluster": "vedette init VIDEO, which writes one",
    "plan": "vedette plan WORKFLOW CLUSTER, which writes one",
    "profile": "vedette profile WORKFLOW, which writes one",
}


def kind_of(path: Path) -> str | None:
    """What a file holds, by its ending and its keys; None where they say nothing."""
    if path.suffix.lower() in FILMS:
        return "video"
    if path.suffix == ".json":
        return "profile"
    plain = read_document(path).root.plain()
    keys = plain.keys() if isinstance(plain, dict) else ()
    if "devices" in keys:
        return "cluster"
    if "placement" in keys:
        return "plan"
    return "workflow" if "steps" in keys or "sources" in keys else None


@contextmanager
def expecting(**files: Path) -> Iterator[None]:
    """Where reading files (``kind=path``) fails since they hold something else, say just that."""
    try:
        yield
    except InputError:
        problems = [_other(path, kind) for kind, path in files.items()]
        found = [problem for problem in problems if problem is not None]
        if found:
            raise DeclarationError(*found) from None
        raise


def _other(path: Path, kind: str) -> Problem | None:
    try:
        found = kind_of(path)
    except InputError:
        return None
    if found in (None, kind):
        return None
    return Problem(f"a {found}", f"a {kind}", HINTS[kind], Place(str(path)))


def fitting(measured: Profile, workflow: Workflow) -> Profile:
    """The profile, which must have been measured of this workflow.

    The objective and where answers go may have changed since: nothing measured depends on them.
    """
    if measured.digest != question(workflow):
        raise RecordError(
            Problem(
                f"a profile of another workflow, or of {measured.workflow} as it was before",
                f"one of {workflow.name} with its streams, steps, knobs and rule of events",
                "vedette profile WORKFLOW: what is cached is not measured again",
            )
        )
    scored = workflow.scored()
    if any(metric not in sweep.scores for sweep in measured.sweeps.values() for metric in scored):
        raise RecordError(
            Problem(
                f"a profile of {measured.workflow} that lacks an accuracy which is asked for",
                f"scores of {', '.join(scored)} for every value of its knobs",
                "vedette profile WORKFLOW: what is cached is not measured again",
            )
        )
    return measured
