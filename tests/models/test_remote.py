"""How a run is told where its models are served."""

import pytest

from vedette.errors import ModelError
from vedette.models.remote import ensure_known, remotes


@pytest.mark.parametrize(
    "text",
    [
        "yolox-nano-416",
        "yolox-nano-416=",
        "=http://a:8000",
        "yolox-nano-416=http://a:8000,",
        "x=http://a/v2/models/one,http://b/v2/models/two",
    ],
)
def test_what_names_no_remote_model_is_explained(text: str) -> None:
    with pytest.raises(ModelError, match=r"the remote model") as caught:
        remotes([text])
    assert "VARIANT=ADDRESS" in caught.value.problems[0].expected


def test_a_variant_twice_an_unknown_one_and_unknown_balancing_are_explained() -> None:
    with pytest.raises(ModelError, match="each variant once"):
        remotes(["x=http://a", "x=http://b"])
    with pytest.raises(ModelError, match=r"try least \(known"):
        remotes(["x=http://a"], balancing="leest")
    with pytest.raises(ModelError, match=r"a model that the plan runs: yolox-nano-416"):
        ensure_known(remotes(["yolox-nano=http://a"]), ["yolox-nano-416"])
