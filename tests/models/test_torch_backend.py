"""PyTorch's files: what runs without its author's code, and what is refused."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vedette.errors import ModelError
from vedette.models.own import opened
from vedette.models.torch_backend import TorchBackend, _named, torch_graph
from vedette.types.models import OwnModel


def archive(path: Path, *members: str) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name in members:
            file.writestr(name, pickle.dumps(0))
    return path


def test_a_pickle_of_weights_is_refused_without_being_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "weights.pt", "weights/data.pkl", "weights/data/0")
    with pytest.raises(ModelError, match="a pickle of weights"):
        torch_graph(path)


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "old.pth").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(ModelError, match=r"no archive of PyTorch"):
        torch_graph(tmp_path / "old.pth")


@pytest.fixture(params=["script", "exported"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A classifier that is sure of its second label, in either form."""
    torch = pytest.importorskip("torch", reason="needs the torch extra")

    class Means(torch.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, picture: Any) -> Any:
            means = picture.mean(dim=(2, 3))
            return torch.cat((means[:, :1] * 0, means[:, :1] * 0 + 3.0), dim=1)

    picture = torch.zeros(1, 3, 224, 224)
    if request.param == "script":
        path = tmp_path / "means.pt"
        torch.jit.trace(Means(), picture).save(str(path))
    else:
        path = tmp_path / "means.pt2"
        torch.export.save(torch.export.export(Means(), (picture,)), str(path))
    return path


@pytest.mark.filterwarnings("ignore")
def test_either_form_is_a_backend(model: Path) -> None:
    rows = np.zeros((2, 3, 224, 224), np.float32)
    answer = TorchBackend(model).submit({"picture": rows}).result()
    np.testing.assert_allclose(answer["output"], [[0, 3], [0, 3]])


@pytest.mark.filterwarnings("ignore")
def test_either_form_is_looked_at_like_any_other_file(model: Path) -> None:
    _, looked = opened(OwnModel("mine", str(model), labels=("no", "yes")), 224)
    assert looked.usage.head.name == "classifier"


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    path = archive(tmp_path / "script.pt", "script/code/__torch__.py")
    with pytest.raises(ModelError, match=r"vedette\[torch\]"):
        TorchBackend(path)


def test_what_an_answer_holds_beside_tensors_is_left_out() -> None:
    class Tensor:
        def numpy(self) -> Any: ...

    boxes, scores = Tensor(), Tensor()
    answer = {"boxes": boxes, "loss": None, "kind": "cars", "more": (3, [scores])}
    assert _named(answer) == [("output.boxes", boxes), ("output.more.1.0", scores)]
