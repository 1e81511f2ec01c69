"""A rendered file holds exactly the pictures that it was given."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from vedette.errors import MediaError
from vedette.image import ArrayPicture
from vedette.media.picture import planes_of
from vedette.media.render import render
from vedette.media.source import open_source
from vedette.types.graph import Stream


def noise(count: int) -> list[ArrayPicture]:
    random = np.random.default_rng(3)
    return [ArrayPicture(random.integers(0, 256, (48, 64, 3), np.uint8)) for _ in range(count)]


@pytest.mark.parametrize("name", ["film.mkv", "film.mp4"])
def test_what_is_rendered_decodes_to_the_same_planes(tmp_path: Path, name: str) -> None:
    pictures = noise(30)
    assert render(pictures, tmp_path / name, rate=Fraction(30)) == 30
    reader = open_source(Stream("camera", str(tmp_path / name)), threads=1)
    frames = list(reader.frames())
    assert (len(frames), reader.rate) == (30, Fraction(30))
    assert reader.incidents() == ()
    assert all(
        np.array_equal(
            planes_of(frame.picture, 64, 48).to_ndarray(), planes_of(picture, 64, 48).to_ndarray()
        )
        for frame, picture in zip(frames, pictures, strict=True)
    )


def test_a_rendered_source_is_what_it_was_made_from(tmp_path: Path) -> None:
    render(noise(12), tmp_path / "one.mkv")
    first = open_source(Stream("camera", str(tmp_path / "one.mkv"))).frames()
    render((frame.picture for frame in first), tmp_path / "two.mkv")
    again = (open_source(Stream("c", str(tmp_path / n))).frames() for n in ("one.mkv", "two.mkv"))
    assert all(
        np.array_equal(one.picture.bgr(), two.picture.bgr())
        for one, two in zip(*again, strict=True)
    )


def test_nothing_is_left_of_a_file_that_could_not_be_finished(tmp_path: Path) -> None:
    def breaks_off() -> list[ArrayPicture]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        render((picture for picture in breaks_off()), tmp_path / "film.mkv")
    with pytest.raises(MediaError, match="no pictures"):
        render([], tmp_path / "film.mkv")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"none/film\.mkv"):
        render(noise(1), tmp_path / "none" / "film.mkv")
