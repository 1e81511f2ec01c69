"""States survive as text and arrays, and only as what the operator's state speaks of."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vedette.errors import RecordError
from vedette.running.state import pack, unpack
from vedette.types.commit import SavedState
from vedette.types.media import Key


@dataclass(frozen=True)
class Seen:
    key: Key
    votes: dict[int, tuple[str, float]]
    at_s: Fraction | None = None


@dataclass(frozen=True)
class Memory:
    seen: tuple[Seen, ...] = ()
    pixels: NDArray[np.float32] | None = None
    names: frozenset[str] = frozenset()
    last: Any = None


FULL = Memory(
    (Seen(Key("a", 3), {7: ("car", 0.5)}, Fraction(1, 3)), Seen(Key("b", 4), {})),
    np.arange(6, dtype=np.float32).reshape(2, 3),
    frozenset({"x", "y"}),
    [b"\x00\xff", np.float32(0.1), np.int64(2**40), float("inf")],
)


def test_a_state_comes_back_as_it_was() -> None:
    back = unpack(pack(FULL), Memory())
    assert (back.seen, back.names, back.last) == (FULL.seen, FULL.names, FULL.last)
    assert back.pixels.dtype == np.float32
    assert back.pixels.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert [type(each) for each in back.last] == [bytes, np.float32, np.int64, float]


def test_equal_states_are_equal_bytes() -> None:
    assert pack(FULL) == pack(unpack(pack(FULL), Memory()))


def test_an_array_that_comes_back_is_read_only() -> None:
    assert not unpack(pack(FULL), Memory()).pixels.flags.writeable


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="may not hold object"):
        pack(Memory(last=object()))


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        pack(Memory(last=np.array([object()])))


@pytest.mark.parametrize(
    "saved",
    [
        SavedState('{"record":["os.system",{}]}'),
        SavedState('{"record":["Memory",{"unheard":1}]}'),
        SavedState('{"array":"a9"}'),
        SavedState("{"),
        SavedState('{"array":"a0"}', b"no arrays"),
        SavedState('{"a":1,"b":2}'),
    ],
)
def test_what_does_not_fit_the_operator_is_an_input_error(saved: SavedState) -> None:
    with pytest.raises(RecordError, match="a saved state that does not fit Memory"):
        unpack(saved, Memory())


@pytest.mark.parametrize(
    "saved",
    [SavedState(pack(FULL).text, pack(FULL).arrays[:60]), SavedState('{"record":["Memory",[]]}')],
)
def test_a_state_that_was_damaged_is_told_as_such(saved: SavedState) -> None:
    with pytest.raises(RecordError, match="does not fit Memory"):
        unpack(saved, Memory())
