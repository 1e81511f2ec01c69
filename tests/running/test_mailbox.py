"""What gives when a mailbox is full."""

import threading

from vedette.running.mailbox import Mailbox


def box(bound: int = 2) -> Mailbox[int]:
    return Mailbox(bound, threading.Event())


def test_an_empty_box_gives_nothing() -> None:
    assert box().take() is None


def test_a_full_box_drops_the_oldest_that_may_go() -> None:
    full = box()
    assert full.put(1) is None
    assert full.put(2, may_drop=True) is None
    assert full.put(3, may_drop=True) == 2
    assert [full.take(), full.take(), full.take()] == [1, 3, None]


def test_what_may_go_makes_room_for_what_may_not() -> None:
    full = box(1)
    full.put(1, may_drop=True)
    assert full.put(2) == 1
    assert full.take() == 2


def test_whoever_must_not_drop_waits_for_room() -> None:
    full = box(1)
    full.put(1)
    writer = threading.Thread(target=full.put, args=(2,))
    writer.start()
    assert full.take() == 1
    writer.join(5)
    assert full.take() == 2


def test_a_closed_box_holds_nobody_up() -> None:
    full = box(1)
    full.put(1)
    writer = threading.Thread(target=full.put, args=(2,))
    writer.start()
    full.close()
    writer.join(5)
    assert not writer.is_alive()
