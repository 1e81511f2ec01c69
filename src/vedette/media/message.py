"""The form of a message between machines: what is small is deflated together, blobs follow as is.

A magic number, the kind and two lengths; then, deflated with a dictionary of words that both ends
know, a JSON header and the arrays that it announces; then a blob that is coded already. Nothing
is believed: sizes are bounded before anything is unfolded, and there is no pickle.
"""

import struct
import zlib
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from vedette.errors import MediaError, Problem

MAX_BYTES = 64 << 20
MAX_UNFOLDED = 4 << 20
_PREFIX = struct.Struct("<2scII")
_MAGIC = b"V1"
_WORDS = (
    b'"toaster","sink","refrigerator","attributes":{"colour":"kind":"alert","label":"start_frame":'
    b'"end_frame":"start":"end":"box":"confidence":"ordinal":"score":"is_match":true,false,"track":'
    b'"crop":{"frame":{"key":{"stream":"camera","frame":1,"item":0},"time":[1,25],"size":[640,360],'
    b'"region":[0.0,0.0,640.0,360.0],"shown":[1920,1080],"rows":1,"labels":["person","bicycle","car",'
    b'"motorcycle","airplane","bus","train","truck","boat","traffic light","fire hydrant",'
    b'"stop sign","parking meter","bench","bird","cat","dog","horse","sheep","cow","elephant",'
    b'"bear","zebra","giraffe","backpack","umbrella","handbag","tie","suitcase","frisbee","skis",'
    b'"snowboard","sports ball","kite","baseball bat","baseball glove","skateboard","surfboard",'
    b'"tennis racket","bottle","wine glass","cup","fork","knife","spoon","bowl","banana","apple",'
    b'"sandwich","orange","broccoli","carrot","hot dog","pizza","donut","cake","chair","couch",'
    b'"potted plant","bed","dining table","toilet","tv","laptop","mouse","remote","keyboard",'
    b'"cell phone","microwave","oven","toaster","sink","refrigerator","book","clock","vase",'
    b'"scissors","teddy bear","hair drier","toothbrush"],"groups":["person","bicycle","vehicle"]}'
)
"""Naming a detector's eighty classes in each message costs a few bytes this way."""

T = TypeVar("T")


class Header:
    """What pydantic holds every header to; the headers are dataclasses."""

    __pydantic_config__: ClassVar = ConfigDict(
        extra="forbid", strict=True, ser_json_inf_nan="constants"
    )


def seal(kind: bytes, head: Any, arrays: bytes = b"", blob: bytes = b"") -> bytes:
    """One message; ``head`` is a dataclass of JSON values."""
    text = _adapter(cast("Any", type(head))).dump_json(head)
    deflater = zlib.compressobj(6, zdict=_WORDS)
    folded = deflater.compress(text + arrays) + deflater.flush()
    return _PREFIX.pack(_MAGIC, kind, len(folded), len(text)) + folded + blob


def kind_of(message: bytes) -> bytes:
    """Which ``head`` it has; raises MediaError for what is no message."""
    if not _PREFIX.size <= len(message) <= MAX_BYTES:
        raise hostile(f"{len(message)} bytes")
    magic, kind, _, _ = _PREFIX.unpack_from(message)
    if magic != _MAGIC:
        raise hostile("bytes that do not start as one")
    return bytes(kind)


def unseal(message: bytes, head: type[T]) -> tuple[T, bytes, bytes]:
    """Header, arrays and blob; raises MediaError for what ``seal`` cannot have made."""
    kind_of(message)
    _, _, folded_bytes, text_bytes = _PREFIX.unpack_from(message)
    end = _PREFIX.size + folded_bytes
    if end > len(message) or text_bytes > MAX_UNFOLDED:
        raise hostile("a header longer than the message")
    inflater = zlib.decompressobj(zdict=_WORDS)
    try:
        unfolded = inflater.decompress(message[_PREFIX.size : end], MAX_UNFOLDED)
    except zlib.error as error:
        raise hostile(f"a header that cannot be inflated ({error})") from None
    if not inflater.eof or inflater.unused_data:
        raise hostile("a header that is cut off or too large")
    try:
        adapter: TypeAdapter[T] = _adapter(cast("Any", head))
        found = adapter.validate_json(unfolded[:text_bytes])
    except ValidationError as error:
        raise hostile(f"a header that does not fit: {error.errors()[0]['msg']}") from None
    return found, unfolded[text_bytes:], message[end:]


def hostile(found: str) -> MediaError:
    return MediaError(
        Problem(
            f"a message with {found}",
            f"a message of this version, at most {MAX_BYTES >> 20} MB",
            "the same version of vedette on both machines",
        )
    )


@cache
def _adapter(head: Any) -> TypeAdapter[Any]:
    return TypeAdapter(head)
