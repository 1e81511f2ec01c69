"""Real time for recorded frames: each is handed on when it would have been captured."""

from collections.abc import Callable, Iterable, Iterator

from vedette.types.media import Frame


def paced(
    frames: Iterable[Frame], clock: Callable[[], float], wait: Callable[[float], None]
) -> Iterator[Frame]:
    """Hand frames on at their time after the first; what comes late comes at once.

    ``clock`` gives seconds, ``wait`` takes how many to let pass.
    """
    start: float | None = None
    for frame in frames:
        due = float(frame.time_s)
        if start is None:
            start = clock() - due
        early_s = start + due - clock()
        if early_s > 0:
            wait(early_s)
        yield frame
