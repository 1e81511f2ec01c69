"""BentoML: a service with one worker whose only argument is the body, its bytes as they are.

Its own client's form for arrays is refused by a service that is asked from outside, and JSON takes
ten times as long for a picture. ``async``, since that spares the way to a thread and back.
"""

import bentoml  # type: ignore[import-not-found]
from mean import Mean  # type: ignore[import-not-found]


@bentoml.service(  # type: ignore[untyped-decorator,unused-ignore]
    workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}}
)
class Service:
    def __init__(self) -> None:
        self.mean = Mean()

    @bentoml.api  # type: ignore[untyped-decorator,unused-ignore]
    async def infer(self, x: bytes, /) -> bytes:
        return bytes(self.mean.of_bytes(x))
