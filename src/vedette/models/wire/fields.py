"""The fields of a protobuf message, counted before any is made.

An empty tensor takes two bytes on the wire and ninety in memory. What lies deeper unfolds less.
"""

_MOST_FIELDS = 4096
_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5
_FIXED = {_EIGHT: 8, _FOUR: 4}


def are_few(body: bytes, most: int = _MOST_FIELDS) -> bool:
    r"""Whether ``body`` has that many fields at most. Raises ValueError for what is no message.

    >>> are_few(b"\x2a\x00" * 3, most=3), are_few(b"\x2a\x00" * 4, most=3)
    (True, False)
    """
    place, end = 0, len(body)
    for _ in range(most):
        if place == end:
            return True
        key, place = _varint(body, place)
        kind = key & 7
        if kind == _VARINT:
            _, place = _varint(body, place)
        elif kind == _SIZED:
            size, place = _varint(body, place)
            place += size
        elif kind in _FIXED:
            place += _FIXED[kind]
        else:  # a group, of which the protocol has none
            raise ValueError
        if place > end:
            raise ValueError
    return place == end


def _varint(body: bytes, place: int) -> tuple[int, int]:
    """The number, and where it ends."""
    found = 0
    for shift, byte in enumerate(body[place : place + 10]):
        found |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return found, place + shift + 1
    raise ValueError
