"""PyTorch: exported programs (.pt2) and TorchScript (.pt), where the torch extra is installed.

Neither needs its author's Python code. Pickles do, could run anything, and are refused.
"""

import zipfile
from concurrent.futures import Future
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

import numpy as np

from vedette.errors import ModelError, Place, Problem
from vedette.models.backend import Arrays, completed
from vedette.models.graph import Graph, Tensor, first_line

ENDINGS = (".pt", ".pt2", ".pth", ".torchscript")
INPUT = "picture"


def is_torch(path: Path) -> bool:
    """Whether a file's name says that PyTorch wrote it."""
    return path.suffix.lower() in ENDINGS


def torch_graph(path: Path) -> Graph:
    """The outside of any such file: one picture in; what comes out shows when it runs."""
    _form(path)
    return Graph((Tensor(INPUT, "float32", None),), (), 0, "PyTorch", (), ())


class TorchBackend:
    """Runs a TorchScript file or an exported program in the caller's thread, on the CPU.

    Its input is called "picture"; a tuple, list or dict of tensors that it gives is told apart by
    number or key. Raises ModelError where torch is missing, or the file is a pickle.
    """

    def __init__(self, path: Path) -> None:
        self._place = Place(str(path))
        form = _form(path)
        torch = _torch(self._place)
        torch.set_num_threads(1)  # as with ONNX Runtime: more cost more CPU a frame
        try:
            self._call = (
                torch.export.load(str(path)).module()
                if form == "exported"
                else torch.jit.load(str(path), map_location="cpu").eval()
            )
        except Exception as error:  # noqa: BLE001  # torch raises bare RuntimeErrors and others
            self._refuse(
                f"a file that torch {torch.__version__} cannot load ({first_line(error)})",
                "a TorchScript file or an exported program of this or an earlier torch",
            )
        self._torch, self._lock = torch, Lock()

    def submit(self, batch: Arrays) -> Future[Arrays]:
        """Run the rows one by one, as the ONNX backend does."""
        return completed(lambda: self._run(batch))

    def _run(self, batch: Arrays) -> Arrays:
        pictures = batch.get(INPUT)
        if pictures is None or pictures.ndim != 4 or not len(pictures):
            shapes = {name: array.shape for name, array in batch.items()}
            self._refuse(f"a batch of {shapes}", f"{INPUT}: (n, channels, height, width)")
        rows = [self._row(pictures[i : i + 1]) for i in range(len(pictures))]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def _row(self, picture: Any) -> dict[str, Any]:
        torch = self._torch
        try:
            with torch.inference_mode():
                answer = self._call(torch.from_numpy(np.array(picture)))
            return {name: tensor.numpy() for name, tensor in _named(answer)}
        except Exception as error:  # noqa: BLE001  # as above
            self._refuse(
                f"{picture.dtype} of shape {picture.shape}, which it cannot run "
                f"({first_line(error)})",
                "a picture of the size and type that the model takes",
                "the size that it was exported for (size: 224)",
            )

    def _refuse(self, found: str, expected: str, hint: str = "exporting it again") -> NoReturn:
        raise ModelError(Problem(found, expected, hint, self._place))


def _named(answer: Any, name: str = "output") -> list[tuple[str, Any]]:
    """Every tensor of a nested answer, with a name for each; what else is in it is left out."""
    if hasattr(answer, "numpy"):
        return [(name, answer)]
    if not isinstance(answer, dict | list | tuple):
        return []
    pairs = answer.items() if isinstance(answer, dict) else enumerate(answer)
    return [each for key, below in pairs for each in _named(below, f"{name}.{key}")]


def _form(path: Path) -> str:
    """Whether it is "exported" or "script", by what lies in it; a pickle of weights is refused."""
    place = Place(str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.partition("/")[2] or name for name in archive.namelist()]
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(
            Problem(
                f"a file that is no archive of PyTorch ({error})",
                "a TorchScript file or an exported program",
                "torch.export.save(torch.export.export(model, (picture,)), 'mine.pt2')",
                place,
            )
        ) from None
    if any(name.startswith("models/") or name.endswith("exported_program.json") for name in names):
        return "exported"
    if any(name.startswith("code/") for name in names):
        return "script"
    raise ModelError(
        Problem(
            "a pickle of weights (a state dict or a whole module), which has no model without its "
            "author's code and could run any",
            "an ONNX model, a TorchScript file or an exported program",
            "torch.onnx.export(model, (picture,), 'mine.onnx'), where the model's code is",
            place,
        )
    )


def _torch(place: Place) -> Any:
    try:
        import torch  # noqa: PLC0415  # an extra
    except ImportError:
        raise ModelError(
            Problem(
                "a PyTorch file, and no torch here",
                "torch beside Vedette",
                "pip install 'vedette[torch]', or torch.onnx.export where torch is",
                place,
            )
        ) from None
    return torch
