"""What a message may at most hold; each bound is checked before anything of that size is made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one message of a stranger.

    ``body_bytes`` bounds the whole, ``json_bytes`` its JSON alone, since a number may take ten
    times its text in memory; ``brackets`` the lists and objects in that, ``items`` the elements of
    BYTES tensors, which are objects each.
    """

    body_bytes: int = 64 << 20
    json_bytes: int = 16 << 20
    brackets: int = 1 << 18
    items: int = 1 << 20
    tensors: int = 256
    parameters: int = 64
    rank: int = 16
    name_characters: int = 1024


DEFAULT = Limits()
