"""Loading, unloading, versions: who is asked, and what becomes of who was."""

import asyncio
from typing import Any

import pytest

from vedette.errors import ModelError, Problem
from vedette.models.wire import ModelMetadata, WireError
from vedette.serve.repository import Repository


class Fake:
    """A model that only knows which opening made it, and whether it is closed."""

    def __init__(self, number: int, shelf: "Shelf") -> None:
        self.number, self.is_closed, self._shelf = number, False, shelf
        self.metadata = ModelMetadata("a", (str(1 + number % 2),), "fake", (), ())

    async def aclose(self) -> None:
        await self._shelf.goes_on.wait()
        self.is_closed = True


class Shelf:
    """Opens fakes, and counts; raises once ``is_broken``."""

    def __init__(self) -> None:
        self.opened: list[Fake] = []
        self.is_broken = False
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.repository: Any = Repository({("a", "1"): self.open, ("a", "2"): self.open})

    async def open(self) -> Any:
        if self.is_broken and len(self.opened) % 2:
            raise ModelError(Problem("/secret/a.onnx torn", "a whole file"))
        self.opened.append(Fake(len(self.opened), self))
        return self.opened[-1]


def status_of(call: Any) -> int:
    with pytest.raises(WireError) as caught:
        asyncio.run(call) if asyncio.iscoroutine(call) else call()
    return caught.value.status


def test_without_a_version_the_latest_answers() -> None:
    shelf = Shelf()
    asyncio.run(shelf.repository.load("a"))
    assert shelf.repository.get("a") is shelf.repository.get("a", "2") is shelf.opened[1]


def test_metadata_without_a_version_lists_all_that_can_be_asked_for() -> None:
    shelf = Shelf()
    asyncio.run(shelf.repository.load("a"))
    assert shelf.repository.metadata("a").versions == ("1", "2")
    assert shelf.repository.metadata("a", "1").versions == ("1",)


def test_what_is_not_loaded_is_503_and_what_is_not_there_404() -> None:
    shelf = Shelf()
    assert status_of(lambda: shelf.repository.get("a")) == 503
    assert status_of(lambda: shelf.repository.get("b")) == 404
    assert status_of(lambda: shelf.repository.get("a", "3")) == 404
    assert status_of(shelf.repository.load("../a")) == 404
    assert not shelf.repository.is_ready("a")


def test_a_name_of_a_megabyte_is_no_more_work_than_another() -> None:
    shelf = Shelf()
    for name, version in (("a" * (1 << 20), ""), ("a", "1" * (1 << 20))):
        with pytest.raises(WireError) as caught:
            shelf.repository.get(name, version)
        assert caught.value.status == 404
        assert len(caught.value.line()) < 500


def test_loading_again_swaps_and_closes_the_old() -> None:
    shelf = Shelf()
    asyncio.run(shelf.repository.load("a"))
    asyncio.run(shelf.repository.load("a"))
    assert [each.is_closed for each in shelf.opened] == [True, True, False, False]
    assert shelf.repository.get("a") is shelf.opened[3]


def test_what_cannot_be_opened_leaves_what_was_loaded_and_tells_no_path() -> None:
    shelf = Shelf()
    asyncio.run(shelf.repository.load("a"))
    shelf.is_broken = True
    with pytest.raises(WireError) as caught:
        asyncio.run(shelf.repository.load("a"))
    assert caught.value.status == 400
    assert "secret" not in caught.value.line()
    assert [each.is_closed for each in shelf.opened] == [False, False, True]
    assert shelf.repository.get("a") is shelf.opened[1]


def test_a_version_that_cannot_be_opened_leaves_none_that_seems_to_come() -> None:
    shelf = Shelf()
    shelf.is_broken = True
    assert status_of(shelf.repository.load("a")) == 400
    assert [each.is_closed for each in shelf.opened] == [True]
    assert [each.state for each in shelf.repository.index()] == ["UNAVAILABLE"] * 2
    assert shelf.repository.are_all_ready


@pytest.mark.parametrize("verb", ["load", "unload"])
def test_what_was_begun_is_done_also_if_who_asked_has_left(verb: str) -> None:
    shelf = Shelf()

    async def story() -> None:
        await shelf.repository.load("a")
        old = list(shelf.opened)
        shelf.goes_on = asyncio.Event()
        asking = asyncio.create_task(getattr(shelf.repository, verb)("a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        shelf.goes_on.set()
        await shelf.repository.aclose()
        assert all(each.is_closed for each in old)

    asyncio.run(story())
    assert all(each.is_closed for each in shelf.opened)
    assert [each.state for each in shelf.repository.index()] == ["UNAVAILABLE"] * 2


def test_unloading_closes_and_says_so_in_the_index() -> None:
    shelf = Shelf()
    asyncio.run(shelf.repository.load("a"))
    asyncio.run(shelf.repository.unload("a"))
    assert all(each.is_closed for each in shelf.opened)
    assert [each.state for each in shelf.repository.index()] == ["UNAVAILABLE"] * 2
    assert shelf.repository.index(ready=True) == ()
