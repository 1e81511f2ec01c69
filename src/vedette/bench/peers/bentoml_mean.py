"""BentoML: a service with one worker; arrays travel as its own clients send them."""

import bentoml  # type: ignore[import-not-found]
import numpy as np
from mean import Mean  # type: ignore[import-not-found]


@bentoml.service(workers=1, logging={"access": {"enabled": False}})  # type: ignore[untyped-decorator,unused-ignore]
class Service:
    def __init__(self) -> None:
        self.mean = Mean()

    @bentoml.api  # type: ignore[untyped-decorator,unused-ignore]
    def infer(self, x: np.ndarray) -> np.ndarray:
        answer: np.ndarray = self.mean(x)
        return answer
