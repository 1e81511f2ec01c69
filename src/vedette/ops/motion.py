"""How boxes are expected to move: ByteTrack's constant-velocity Kalman filter, in seconds.

The filter of Zhang et al. (ECCV 2022) has eight states: centre x and y, aspect ratio and height of
a box, and their velocities. Its noises are diagonal, so the four pairs of (value, velocity) never
mix, and n boxes are n x 4 filters of two states each: no matrix is inverted. The noises are
ByteTrack's, which are per frame at 30 frames a second, here scaled to the time that really passed.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vedette.boxes import Boxes, Floats

TUNED_RATE = 30.0
PLACE, SPEED = 1 / 20, 1 / 160
"""Standard deviations in heights: of a centre or height, and of its change from frame to frame."""
ASPECT_PLACE, ASPECT_SPEED, ASPECT_SEEN = 1e-2, 1e-5, 1e-1
"""The same for the aspect ratio, which has no unit; and how exactly one detection shows it."""
HEIGHT = 3


class Motion(NamedTuple):
    """Where n boxes are thought to be.

    ``value`` (n, 4) centre x, centre y, width / height, height; ``velocity`` (n, 4) their change in
    a second; ``variance`` (n, 4, 3) of the value, of both together, and of the velocity.
    """

    value: Floats
    velocity: Floats
    variance: Floats

    @classmethod
    def begin(cls, boxes: Boxes) -> "Motion":
        """Boxes seen for the first time, so of unknown velocity."""
        value = _measured(boxes)
        place, speed = _deviations(value, ASPECT_PLACE)
        variance = np.stack([(2 * place) ** 2, np.zeros_like(place), (10 * speed) ** 2], axis=-1)
        return cls(value, np.zeros_like(value), variance)

    def take(self, rows: NDArray[Any]) -> "Motion":
        return Motion(self.value[rows], self.velocity[rows], self.variance[rows])

    def join(self, other: "Motion") -> "Motion":
        return Motion(
            np.concatenate([self.value, other.value]),
            np.concatenate([self.velocity, other.velocity]),
            np.concatenate([self.variance, other.variance]),
        )

    def boxes(self) -> Floats:
        centre, height = self.value[:, :2], self.value[:, 3:]
        half = np.concatenate([self.value[:, 2:3] * height, height], axis=1) / 2
        return np.concatenate([centre - half, centre + half], axis=1)

    def uncertainty(self) -> Floats:
        """The standard deviation of each centre, in pixels."""
        return np.asarray(np.sqrt(self.variance[:, 0, 0]))

    def ahead(self, seconds: float, *, lost: NDArray[np.bool_]) -> "Motion":
        """The filter's prediction. A lost box keeps its height, as in ByteTrack."""
        velocity = self.velocity.copy()
        velocity[lost, HEIGHT] = 0
        place, speed = _deviations(self.value, ASPECT_PLACE)
        frames = seconds * TUNED_RATE
        own, both, rate = np.moveaxis(self.variance, -1, 0)
        variance = [
            own + 2 * seconds * both + seconds**2 * rate + frames * place**2,
            both + seconds * rate,
            rate + frames * speed**2,
        ]
        return Motion(self.value + seconds * velocity, velocity, np.stack(variance, axis=-1))

    def seen(self, rows: NDArray[np.intp], boxes: Boxes) -> "Motion":
        """The filter's update of some rows by where they were detected."""
        value, velocity, variance = self.value.copy(), self.velocity.copy(), self.variance.copy()
        noise, _ = _deviations(value[rows], ASPECT_SEEN)
        own, both, rate = np.moveaxis(variance[rows], -1, 0)
        gain, gain_of_velocity = own / (own + noise**2), both / (own + noise**2)
        surprise = _measured(boxes) - value[rows]
        value[rows] += gain * surprise
        velocity[rows] += gain_of_velocity * surprise
        variance[rows] = np.stack(
            [own * (1 - gain), both * (1 - gain), rate - gain_of_velocity * both], axis=-1
        )
        return Motion(value, velocity, variance)


def _measured(boxes: Boxes) -> Floats:
    corner, opposite = boxes[:, :2].astype(np.float64), boxes[:, 2:].astype(np.float64)
    width, height = np.maximum(opposite - corner, 1e-3).T
    return np.column_stack([(corner + opposite) / 2, width / height, height])


def _deviations(value: Floats, aspect_place: float) -> tuple[Floats, Floats]:
    height = np.maximum(value[:, HEIGHT:], 1e-3)
    place = np.repeat(PLACE * height, 4, axis=1)
    speed = np.repeat(SPEED * height, 4, axis=1)
    place[:, 2], speed[:, 2] = aspect_place, ASPECT_SPEED
    return place, speed * TUNED_RATE
