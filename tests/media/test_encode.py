"""No frame is held back, and a restart forgets everything."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vedette.errors import MediaError
from vedette.image import ArrayPicture
from vedette.media.encode import H264Decoder, H264Encoder
from vedette.media.jpeg import decode_jpeg, encode_jpeg, jpeg_size
from vedette.media.picture import DecodedPicture, planes_of
from vedette.types.media import Picture


def scene(number: int, size: tuple[int, int] = (96, 64)) -> ArrayPicture:
    """A bright square that moves over a gradient."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:] = np.linspace(30, 200, width, dtype=np.uint8)[None, :, None]
    left = 3 * number % max(1, width - 16)
    pixels[height // 3 : height // 3 + 16, left : left + 16] = (40, 90, 240)
    return ArrayPicture(pixels)


def encoded(encoder: H264Encoder, numbers: range) -> list[bytes]:
    return [encoder.encode(scene(number)) for number in numbers]


def has_keyframe(coded: bytes) -> bool:
    return b"\0\0\1\x65" in coded


def difference(one: Picture, other: Picture) -> float:
    return float(np.abs(one.bgr().astype(int) - other.bgr()).mean())


def test_every_frame_in_is_a_packet_out() -> None:
    decoder = H264Decoder()
    for number, coded in enumerate(encoded(H264Encoder(22), range(60))):
        assert difference(decoder.decode(coded), scene(number)) < 4


def test_keyframes_come_at_the_gop_in_frames() -> None:
    encoder = H264Encoder(22, rate=Fraction(10), gop_s=1.5)
    coded = [encoder.encode(scene(3)) for _ in range(40)]
    assert [n for n, each in enumerate(coded) if has_keyframe(each)] == [0, 15, 30]


def test_keyframes_come_where_they_are_asked_for() -> None:
    encoder = H264Encoder(22, gop_s=None)
    coded = [encoder.encode(scene(3), key=n in {7, 9}) for n in range(20)]
    assert [n for n, each in enumerate(coded) if has_keyframe(each)] == [0, 7, 9]


def test_what_follows_a_restart_does_not_depend_on_what_came_before() -> None:
    one, other = H264Encoder(22), H264Encoder(22)
    encoded(one, range(17))
    encoded(other, range(90, 95))
    one.restart()
    other.restart()
    assert encoded(one, range(20, 30)) == encoded(other, range(20, 30))


def test_a_fresh_encoder_is_a_restarted_one() -> None:
    used = H264Encoder(22)
    encoded(used, range(11))
    used.restart()
    assert encoded(used, range(20, 30)) == encoded(H264Encoder(22), range(20, 30))


def test_a_decoder_may_start_at_any_restart() -> None:
    encoder = H264Encoder(22)
    encoded(encoder, range(9))
    encoder.restart()
    assert difference(H264Decoder().decode(encoder.encode(scene(9))), scene(9)) < 4


def test_a_higher_quantiser_means_fewer_bytes() -> None:
    sizes = [sum(map(len, encoded(H264Encoder(qp), range(12)))) for qp in (0, 18, 26, 34, 51)]
    assert all(one > other for one, other in pairwise(sizes))


def test_quantiser_0_loses_nothing() -> None:
    encoder, decoder = H264Encoder(0), H264Decoder()
    for number in range(5):
        picture = scene(number)
        back = decoder.decode(encoder.encode(picture))
        assert np.array_equal(
            planes_of(back, 96, 64).to_ndarray(), planes_of(picture, 96, 64).to_ndarray()
        )


@pytest.mark.parametrize("qp", [-1, 52])
def test_a_quantiser_that_is_none_is_refused(qp: int) -> None:
    with pytest.raises(MediaError, match="quantiser"):
        H264Encoder(qp)


@pytest.mark.parametrize("size", [(97, 64), (96, 65), (33, 35), (2, 2), (1, 1)])
def test_odd_sizes_come_back_as_they_were(size: tuple[int, int]) -> None:
    picture = ArrayPicture(np.full((size[1], size[0], 3), 140, np.uint8))
    back = H264Decoder().decode(H264Encoder(18).encode(picture), size)
    assert (back.width, back.height) == size
    assert difference(back, picture) < 4


def test_another_size_begins_anew() -> None:
    encoder, decoder = H264Encoder(20), H264Decoder()
    decoder.decode(encoder.encode(scene(0)))
    coded = encoder.encode(scene(1, (64, 48)))
    assert has_keyframe(coded)
    assert decoder.decode(coded).width == 64


def test_colour_tags_travel_with_the_pixels() -> None:
    frame = planes_of(scene(3), 96, 64)
    frame.colorspace, frame.color_range = 1, 2
    picture = DecodedPicture(frame)
    back = H264Decoder().decode(H264Encoder(10).encode(picture))
    assert difference(back, picture) < 3


def test_an_encoder_leaves_shared_frames_alone() -> None:
    frame = planes_of(scene(3), 96, 64)
    frame.pts = 77
    H264Encoder(20).encode(DecodedPicture(frame), key=True)
    assert (frame.pts, frame.pict_type) == (77, 0)


@pytest.mark.parametrize("coded", [b"", b"garbage" * 20, b"\0\0\0\1\x65" + b"garbage" * 20])
def test_bytes_that_are_no_frame_are_refused(coded: bytes) -> None:
    with pytest.raises(MediaError, match="cannot be decoded"):
        H264Decoder().decode(coded)


def test_a_frame_without_its_keyframe_is_refused() -> None:
    with pytest.raises(MediaError):
        H264Decoder().decode(encoded(H264Encoder(22), range(3))[2])


def test_a_frame_of_another_size_than_announced_is_refused() -> None:
    with pytest.raises(MediaError, match="96x64 comes out, not 50x50"):
        H264Decoder().decode(H264Encoder(22).encode(scene(0)), (50, 50))


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(40, 95))
def test_jpeg_keeps_the_size_and_about_the_colour(width: int, height: int, quality: int) -> None:
    coded = encode_jpeg(
        ArrayPicture(np.full((height, width, 3), (30, 120, 200), np.uint8)), quality
    )
    assert jpeg_size(coded) == (width, height)
    assert np.abs(decode_jpeg(coded).bgr().astype(int) - (30, 120, 200)).max() < 12


def test_a_jpeg_that_would_unfold_too_far_is_refused_unread() -> None:
    coded = bytearray(encode_jpeg(scene(0)))
    at = coded.index(b"\xff\xc0") + 5
    coded[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(MediaError, match="65535x65535"):
        decode_jpeg(bytes(coded))


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00"]))
def test_bytes_that_are_no_jpeg_are_refused(tail: bytes, head: bytes) -> None:
    with pytest.raises(MediaError):
        decode_jpeg(head + tail)
