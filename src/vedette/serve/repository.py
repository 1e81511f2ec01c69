"""The models that a server may serve: which are loaded, in which versions, and who may be asked.

A name is looked up among those that the server was started with. It is never part of a path.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vedette.errors import VedetteError, nearest
from vedette.models.wire import ModelMetadata, ModelState, WireError, wrong
from vedette.serve.served import Model

log = logging.getLogger(__name__)

Opener = Callable[[], Awaitable[Model]]
"""Opens one version of a model. Raises ModelError."""
Key = tuple[str, str]
_SHOWN = 200
READY, LOADING, UNLOADING, UNAVAILABLE = "READY", "LOADING", "UNLOADING", "UNAVAILABLE"


class Repository:
    """Loads and unloads models by name, all versions of one at once; belongs to one event loop.

    ``openers``: per name and version, in the order of versions, what opens it. A model that is
    unloaded is out of reach at once and closes once it has answered what it accepted.
    """

    def __init__(self, openers: Mapping[Key, Opener]) -> None:
        self._openers = dict(openers)
        self._models: dict[Key, Model] = {}
        self._latest: dict[str, Model] = {}
        self._states = {key: ModelState(*key, UNAVAILABLE, "not loaded") for key in openers}
        self._changing = {name: asyncio.Lock() for name, _ in openers}
        self._changes: set[asyncio.Task[None]] = set()

    def get(self, name: str, version: str = "") -> Model:
        """The model that answers; without ``version`` the latest that is loaded.

        Raises WireError: 404 for what is not in the repository, 503 for what is not loaded.
        """
        found = self._models.get((name, version)) if version else self._latest.get(name)
        if found is None:
            raise self._missing(name, version)
        return found

    def metadata(self, name: str, version: str = "") -> ModelMetadata:
        """Of the model that answers; without ``version`` it lists all that can be asked for.

        Raises WireError as :meth:`get` does.
        """
        found = self.get(name, version).metadata
        loaded = tuple(key[1] for key in self.versions(name) if key in self._models)
        return found if version else replace(found, versions=loaded)

    def is_ready(self, name: str, version: str = "") -> bool:
        """Raises WireError (404) for a model that the repository has not."""
        if self.versions(name, version):
            return (name, version) in self._models if version else name in self._latest
        raise self._missing(name, version)

    @property
    def are_all_ready(self) -> bool:
        """Whether no model is about to come or to go."""
        return all(state.state in (READY, UNAVAILABLE) for state in self._states.values())

    def index(self, *, ready: bool = False) -> tuple[ModelState, ...]:
        """Every version, or every one that is ready."""
        return tuple(s for s in self._states.values() if s.state == READY or not ready)

    def models(self) -> Iterator[tuple[Key, Model]]:
        """What is loaded."""
        yield from list(self._models.items())

    def versions(self, name: str, version: str = "") -> Sequence[Key]:
        """The versions that the repository has of a model, or that one; none if it has none."""
        return [key for key in self._openers if key[0] == name and version in ("", key[1])]

    async def load(self, name: str) -> None:
        """Have every version ready; one that is loaded is opened anew and then takes its place.

        Raises WireError: 404, or 400 where it cannot be opened; then what was loaded stays.
        """
        await self._to_its_end(self._load(name, self._keys(name)))

    async def unload(self, name: str) -> None:
        """Refuse new requests at once; return when the last one was answered. Raises WireError."""
        await self._to_its_end(self._unload(name, self._keys(name)))

    async def aclose(self) -> None:
        for name in self._changing:
            await self.unload(name)

    async def _to_its_end(self, change: Coroutine[Any, Any, None]) -> None:
        """Whoever asked may leave meanwhile: half of a change would be none that can be undone."""
        task = asyncio.create_task(change)
        self._changes.add(task)
        task.add_done_callback(self._changes.discard)
        await asyncio.shield(task)

    async def _load(self, name: str, keys: Sequence[Key]) -> None:
        async with self._changing[name]:
            opened = await self._all_opened(keys)
            previous = [self._models[key] for key in keys if key in self._models]
            self._models.update(opened)
            self._latest[name] = opened[keys[-1]]
            self._tell(keys, READY)
            await _close(previous)

    async def _unload(self, name: str, keys: Sequence[Key]) -> None:
        async with self._changing[name]:
            self._latest.pop(name, None)
            leaving = [self._models.pop(key) for key in keys if key in self._models]
            self._tell(keys, UNLOADING)
            await _close(leaving)
            self._tell(keys, UNAVAILABLE, "unloaded")

    async def _all_opened(self, keys: Sequence[Key]) -> dict[Key, Model]:
        """All of them, or none."""
        opened: dict[Key, Model] = {}
        try:
            for key in keys:
                opened[key] = await self._opened(key)
        except BaseException:
            await _close(list(opened.values()))
            absent = [key for key in keys if key not in self._models]
            self._tell(absent, UNAVAILABLE, "could not be loaded")
            raise
        return opened

    async def _opened(self, key: Key) -> Model:
        if key not in self._models:
            self._tell([key], LOADING)
        try:
            return await self._openers[key]()
        except VedetteError as error:
            log.warning("%s could not be loaded: %s", "/".join(key), error)
            problem = error.problems[0]
            raise wrong(
                f"the model {key[0]!r}, which could not be loaded", problem.expected, problem.hint
            ) from error

    def _tell(self, keys: Sequence[Key], state: str, reason: str = "") -> None:
        for key in keys:
            self._states[key] = ModelState(*key, state, reason)

    def _keys(self, name: str) -> Sequence[Key]:
        keys = self.versions(name)
        if not keys:
            raise self._missing(name, "")
        return keys

    def _missing(self, name: str, version: str) -> WireError:
        if self.versions(name, version):
            return wrong(
                f"the model {name!r}, which is not loaded", "one that is", "loading it", status=503
            )
        names = list(self._changing)
        is_known, name, version = name in names, name[:_SHOWN], version[:_SHOWN]
        if is_known:
            known = [key[1] for key in self.versions(name)]
            return wrong(
                f"version {version!r} of {name!r}",
                "one that is there",
                nearest(version, known),
                status=404,
            )
        return wrong(f"the model {name!r}", "one that is served", nearest(name, names), status=404)


async def _close(models: Sequence[Model]) -> None:
    for model in models:
        await model.aclose()
