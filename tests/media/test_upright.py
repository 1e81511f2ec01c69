"""Pictures come out as a player shows them, and in every form the same way up."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.media.conftest import picture_of

from vedette.media.encode import H264Decoder, H264Encoder
from vedette.media.picture import DecodedPicture, planes_of, shrunk
from vedette.media.source import open_source
from vedette.media.upright import UPRIGHT, Turn, clockwise, plane_view
from vedette.types.graph import Stream
from vedette.types.media import Frame, Pixels

Film = Callable[..., Path]
MIRROR = Turn(-1, 0, 0, 1)
TURNS = [clockwise(each).then(m) for each in (0, 90, 180, 270) for m in (UPRIGHT, MIRROR)]
QUARTERS = (0, 90, 180, 270)
turns = st.sampled_from(TURNS)


def as_shown(pixels: Pixels, degrees: int, *, mirrored: bool) -> Pixels:
    """What FFmpeg documents: a rotation anticlockwise, then a mirror."""
    turned = np.rot90(pixels, degrees // 90)
    return np.fliplr(turned) if mirrored else turned


def read(path: Path, rotate: int = 0) -> Frame:
    return next(open_source(Stream("camera", str(path), rotate=rotate), threads=1).frames())  # type: ignore[arg-type]


def differ(one: NDArray[Any], other: NDArray[Any]) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("name", ["phone.mp4", "phone.mov", "phone.mkv"])
@pytest.mark.parametrize(("degrees", "mirrored"), list(product(QUARTERS, (False, True))))
def test_a_films_display_matrix_is_followed(
    film: Film, name: str, degrees: int, *, mirrored: bool
) -> None:
    frame = read(film(name, frames=2, turn=degrees, mirrored=mirrored))
    shown = as_shown(picture_of(0), degrees, mirrored=mirrored)
    assert frame.size == (shown.shape[1], shown.shape[0])
    assert frame.region == (0, 0, *map(float, frame.size))
    assert differ(frame.picture.bgr(), shown) < 4


@pytest.mark.parametrize(("degrees", "rotate"), list(product(QUARTERS, QUARTERS)))
def test_a_camera_that_hangs_sideways_is_turned_on_top_of_that(
    film: Film, degrees: int, rotate: int
) -> None:
    frame = read(film(frames=2, turn=degrees), rotate)
    shown = np.rot90(picture_of(0), (degrees - rotate) // 90)
    assert frame.size == (shown.shape[1], shown.shape[0])
    assert differ(frame.picture.bgr(), shown) < 4


def test_a_folder_is_turned_like_a_film(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), picture_of(0))
    frame = read(tmp_path, 90)
    assert frame.size == (48, 64)
    assert np.array_equal(frame.picture.bgr(), np.rot90(picture_of(0), -1))


@given(turns, turns, turns)
def test_turns_are_a_group_of_eight(one: Turn, other: Turn, third: Turn) -> None:
    assert one.then(other) in TURNS
    assert one.then(other).then(third) == one.then(other.then(third))
    assert one.then(one).then(one).then(one) == UPRIGHT


@given(turns, turns)
def test_two_turns_at_once_are_the_same_as_in_turn(one: Turn, other: Turn) -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.array_equal(one.then(other).applied(pixels), other.applied(one.applied(pixels)))
    assert one.applied(pixels).shape[::-1] == one.size(3, 2)


@given(turn=turns, width=st.integers(2, 40), height=st.integers(2, 40), halved=st.booleans())
def test_all_forms_of_a_picture_are_the_same_way_up(
    turn: Turn, width: int, height: int, *, halved: bool
) -> None:
    pixels = np.kron(np.random.default_rng(3).integers(0, 255, (2, 2)), np.ones((height, width)))
    grey = np.dstack([pixels.astype(np.uint8)] * 3)
    frame = av.VideoFrame.from_ndarray(grey, format="bgr24").reformat(format="yuv420p")
    picture, upright = DecodedPicture(frame, turn=turn), DecodedPicture(frame)
    size = (picture.width // 2, picture.height // 2) if halved else (picture.width, picture.height)
    bgr = picture.bgr(*size)
    assert np.array_equal(bgr, turn.applied(upright.bgr(*turn.size(*size))))
    assert np.array_equal(picture.luma(), turn.applied(upright.luma()))
    luma = plane_view(planes_of(picture, *size).planes[0])
    assert differ((luma.clip(16, 235) - 16.0) * 255 / 219, bgr[..., 0]) < 6
    assert differ(shrunk(picture, *size).bgr(), bgr) < 6


@pytest.mark.parametrize("turn", TURNS)
def test_what_is_encoded_of_a_turned_picture_is_upright(turn: Turn) -> None:
    frame = av.VideoFrame.from_ndarray(picture_of(5), format="bgr24").reformat(format="yuv420p")
    picture = DecodedPicture(frame, turn=turn)
    decoded = H264Decoder().decode(H264Encoder(0).encode(picture), (picture.width, picture.height))
    assert np.array_equal(decoded.luma(), picture.luma())
    assert np.array_equal(decoded.bgr(), picture.bgr())
