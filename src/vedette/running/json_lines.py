"""A sink that writes committed events as lines of JSON, as they come."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from vedette.errors import Place, Problem, RecordError
from vedette.store import StoredEvent, as_json, identity
from vedette.types.commit import Commit
from vedette.types.events import Incident
from vedette.types.media import Bundle


class JsonLinesSink:
    """Begins an empty file. It keeps no states: a run that was killed starts anew."""

    def __init__(self, path: Path, workflow: str, run: int = 1) -> None:
        self._path, self._workflow, self._run = path, workflow, run
        self._write("w", "")

    def resume(self) -> Mapping[str, Commit]:
        return {}

    def deliver(self, step: str, bundle: Bundle) -> None:
        """Nothing: lines are written when their events are committed."""

    def commit(self, commits: Sequence[Commit]) -> None:
        pairs = [pair for commit in commits for pair in commit.events]
        named = [(identity(self._workflow, step, self._run, event), event) for step, event in pairs]
        lines = [as_json(StoredEvent(name, event)) for name, event in named]
        self._write("a", "".join(f"{line}\n" for line in lines))

    def incident(self, incident: Incident) -> None:
        """Nothing: incidents are no events."""

    def _write(self, mode: str, text: str) -> None:
        try:
            with self._path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            found = f"a file that cannot be written ({error.strerror})"
            hint = "a folder that exists and may be written to, with space left"
            place = Place(str(self._path))
            raise RecordError(Problem(found, "a file to write to", hint, place)) from error
