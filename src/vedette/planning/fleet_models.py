"""Which models each device has loaded: once each, for however many cameras."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vedette.planning.fleet_arrays import Fleet, Rows
from vedette.planning.layout import Flags, Floats


@dataclass(frozen=True, eq=False, slots=True)
class Models:
    """``number`` (C, steps, V) of each variant's model, a group each, -1 where there is none;
    ``size_gb`` (M,); ``room_gb`` (D,), infinite beside a stream, where memory is the camera's own.
    """

    number: tuple[NDArray[np.intp], ...]
    size_gb: Floats
    room_gb: Floats

    def users(self, fleet: Fleet, variants: Rows, devices: Rows) -> NDArray[np.intp]:
        """How many cameras use each model on each device, (M, D)."""
        count = np.zeros((len(self.size_gb), len(self.room_gb)), np.intp)
        for group, number in zip(fleet.groups, self.number, strict=True):
            steps = np.arange(len(group.layers))
            every = np.arange(len(group.cameras))[:, None]
            picked = number[every, steps, variants[group.cameras][:, steps]]
            np.add.at(count, (picked, devices[group.cameras][:, steps]), 1)
        return count

    def overfull(self, users: NDArray[np.intp]) -> Rows:
        """Devices whose models do not fit."""
        loaded = (users > 0).T @ self.size_gb
        return np.flatnonzero(loaded > self.room_gb * (1 + 1e-9))

    def kept(self, users: NDArray[np.intp], device: int) -> Flags:
        """(M,) the models that a device is reserved for: as many as fit, the most used first."""
        found = np.zeros(len(self.size_gb), bool)
        loaded = 0.0
        for model in np.lexsort((self.size_gb, -users[:, device])):
            if loaded + self.size_gb[model] <= self.room_gb[device]:
                loaded += float(self.size_gb[model])
                found[model] = True
        return found

    def reserve(self, fleet: Fleet, device: int, kept: Flags) -> Fleet:
        """The fleet with a device closed to all models but those ``kept``."""
        groups = []
        for group, number in zip(fleet.groups, self.number, strict=True):
            layers = []
            for step, layer in enumerate(group.layers):
                size = layer.cpu.shape[1]
                is_shut = ~kept[number[:, step, :size]]
                shut = is_shut[:, :, None] & (layer.device == device)
                layers.append(replace(layer, closed=np.where(shut, np.inf, layer.closed)))
            groups.append(replace(group, layers=tuple(layers)))
        return replace(fleet, groups=tuple(groups))
