"""What was learned of a question before anything was promised."""

from dataclasses import dataclass

from vedette.learning.asking import Asked
from vedette.learning.cascade import Material, Parts
from vedette.learning.splits import Splits


@dataclass(frozen=True, eq=False, slots=True)
class Lesson:
    """All that was learned of one question, whatever a cascade is to promise.

    ``splits`` is None where the recording is too short to train anything on; ``caveat`` says so,
    or that it was too short for a part that only selects. ``timings`` are (what was done, wall
    seconds).
    """

    asking: Asked
    material: Material
    splits: Splits | None
    parts: Parts
    timings: tuple[tuple[str, float], ...]
    caveat: str = ""
