"""Cross fitting in a process of its own, which may kill itself after an epoch of its choice.

``python -m tests.learning.killed_child FOLDER [NETWORK EPOCH]``
"""

import os
import signal
import sys
from pathlib import Path

from tests.learning.made import QUICK, folds, street

from vedette.learning.networks import architecture, exported
from vedette.learning.training import Step, cross_fit


def main(place: str, network: str = "none", epoch: str = "0") -> None:
    def progress(step: Step) -> None:
        if network in step.network and step.epoch.number == int(epoch):
            os.kill(os.getpid(), signal.SIGKILL)

    folder, samples = Path(place), street()
    shape = architecture("s8-16-d16")
    found = cross_fit(samples, shape, folds(samples), QUICK, folder=folder, progress=progress)
    (folder / "special.onnx").write_bytes(exported(found.network))


if __name__ == "__main__":
    main(*sys.argv[1:])
