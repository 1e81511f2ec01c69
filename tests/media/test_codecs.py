"""Coded pictures of one size: near what they were, and never larger than announced."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.errors import MediaError
from vedette.image import ArrayPicture
from vedette.media.codecs import CODECS, Run, Still
from vedette.media.encode import H264Encoder
from vedette.media.jpeg import encode_jpeg, encode_webp, webp_size
from vedette.types.media import Pixels

Codec = Still | Run
each_codec = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)


def waves(width: int, height: int, shift: int = 0) -> Pixels:
    rows, columns = np.mgrid[:height, :width]
    planes = [127 + 120 * np.sin((rows + k * columns + shift) / (9 + k)) for k in range(3)]
    return np.stack(planes, axis=2).astype(np.uint8)


@each_codec
@pytest.mark.parametrize("size", [(64, 48), (50, 50), (33, 17), (80, 48)])
def test_pictures_come_back_much_as_they_were(codec: Codec, size: tuple[int, int]) -> None:
    pictures = [waves(*size, shift) for shift in range(3)]
    again = codec.decode(codec.encode(pictures), size)
    for one, other in zip(pictures, again, strict=True):
        assert one.shape == other.shape
        assert np.abs(one.astype(int) - other).mean() < 12


def test_a_run_of_h264_takes_less_than_its_pictures_alone() -> None:
    pictures = [waves(320, 160, shift) for shift in range(4)]
    codec = Run(18)
    alone = sum(len(codec.encode([each])[0]) for each in pictures)
    assert sum(map(len, codec.encode(pictures))) < alone


def test_a_webp_says_its_size_with_and_without_loss() -> None:
    picture = ArrayPicture(waves(70, 31))
    assert webp_size(encode_webp(picture, 80)) == (70, 31)
    assert webp_size(encode_webp(picture, 101)) == (70, 31)


@each_codec
def test_a_picture_of_another_size_is_refused(codec: Codec) -> None:
    coded = codec.encode([waves(256, 256)])
    for size in ((128, 128), (256, 240), (240, 256)):
        with pytest.raises(MediaError):
            codec.decode(coded, size)


@each_codec
def test_what_is_cut_off_or_empty_is_refused(codec: Codec) -> None:
    (coded,) = codec.encode([waves(64, 48)])
    for hostile in (b"", coded[:20], b"x" * 100):
        with pytest.raises(MediaError):
            codec.decode([hostile], (64, 48))


@pytest.mark.parametrize("form", ["jpeg", "webp"])
def test_a_header_that_lies_about_a_huge_picture_is_not_decoded(form: str) -> None:
    codec = CODECS[form]
    huge = np.zeros((8000, 8000, 3), np.uint8)
    _, coded = cv2.imencode(f".{form}", huge)
    with pytest.raises(MediaError, match="8000x8000"):
        codec.decode([bytes(coded)], (64, 48))


def test_one_form_is_not_taken_for_another() -> None:
    picture = ArrayPicture(waves(64, 48))
    with pytest.raises(MediaError):
        Still("webp", 80).decode([encode_jpeg(picture)], (64, 48))
    with pytest.raises(MediaError):
        Still("jpeg", 80).decode([encode_webp(picture)], (64, 48))


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    picture = ArrayPicture(waves(64, 48))
    coded = encode_jpeg(picture)
    scan = coded.index(b"\xff\xda")
    with pytest.raises(MediaError, match="scans"):
        Still("jpeg", 90).decode(
            [coded[:scan] + b"\xff\xda\x00\x02" * 100 + coded[scan:]], (64, 48)
        )


def test_a_run_that_grows_midway_is_refused() -> None:
    small, large = H264Encoder(18, Fraction(25)), H264Encoder(18, Fraction(25))
    first = small.encode(ArrayPicture(waves(64, 48)))
    second = large.encode(ArrayPicture(waves(1280, 720)))
    with pytest.raises(MediaError):
        Run(18).decode([first, second], (64, 48))


@each_codec
@given(noise=st.binary(min_size=1, max_size=60), at=st.floats(0, 1))
def test_bytes_changed_on_the_way_are_a_picture_of_that_size_or_refused(
    codec: Codec, noise: bytes, at: float
) -> None:
    (coded,) = codec.encode([waves(48, 32)])
    start = int(at * len(coded))
    try:
        (found,) = codec.decode([coded[:start] + noise + coded[start + len(noise) :]], (48, 32))
    except MediaError:
        return
    assert found.shape == (32, 48, 3)
