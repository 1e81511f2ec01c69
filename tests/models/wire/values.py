"""Tensors and messages of every kind, for hypothesis."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from numpy.typing import NDArray

from vedette.models.wire import DTYPES, InferRequest, InferResponse, Parameter, Tensor, WireError
from vedette.models.wire.tensor import objects

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SHAPES = nps.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
PARAMETERS: st.SearchStrategy[dict[str, Parameter]] = st.dictionaries(
    NAMES.filter(lambda name: not name.startswith("binary_data")),
    st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES,
    max_size=3,
)
NUMERIC = sorted(set(DTYPES) - {"BYTES", "BF16"})


@st.composite
def arrays(draw: st.DrawFn, datatype: str) -> NDArray[Any]:
    """Arrays that the datatype holds, NaN and infinities among them."""
    if datatype == "BYTES":
        shape = draw(SHAPES)
        count = int(np.prod(shape, dtype=int))
        return objects(draw(st.lists(st.binary(max_size=9), min_size=count, max_size=count)), shape)
    array = draw(nps.arrays(DTYPES[datatype], SHAPES))
    return truncated(array) if datatype == "BF16" else array


def truncated(array: NDArray[Any]) -> NDArray[Any]:
    """What of float32 BF16 keeps; of not-a-number only that it is none."""
    kept = np.asarray(array.view("<u4") & np.uint32(0xFFFF0000)).view("<f4")
    return np.where(np.isnan(array), np.float32(np.nan), kept).astype("<f4")


@st.composite
def tensors(draw: st.DrawFn, name: str) -> Tensor:
    datatype = draw(st.sampled_from(sorted(DTYPES)))
    return Tensor(name, datatype, draw(arrays(datatype)), draw(PARAMETERS))


@st.composite
def several(draw: st.DrawFn) -> tuple[Tensor, ...]:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return tuple(draw(tensors(name)) for name in names)


@st.composite
def requests(draw: st.DrawFn) -> InferRequest:
    return InferRequest("m", draw(several()), id=draw(NAMES), parameters=draw(PARAMETERS))


@st.composite
def responses(draw: st.DrawFn) -> InferResponse:
    return InferResponse("m", draw(several()), "1", draw(NAMES), draw(PARAMETERS))


def status_of(read: Callable[[], object]) -> int:
    """200 where it can be read, else what the refusal says; any other error is a fault."""
    try:
        read()
    except WireError as error:
        return error.status
    return 200


def same(one: tuple[Tensor, ...], other: tuple[Tensor, ...]) -> bool:
    """Whether all is equal, to the bit."""
    return [_plain(each) for each in one] == [_plain(each) for each in other]


def _plain(tensor: Tensor) -> tuple[Any, ...]:
    array = tensor.array
    content = array.tolist() if tensor.datatype == "BYTES" else array.tobytes()
    return tensor.name, tensor.datatype, tensor.shape, content, dict(tensor.parameters)
