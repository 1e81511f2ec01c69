"""Pictures as JPEG or WebP bytes, and back with a bound on what hostile bytes may unfold to."""

import cv2
import numpy as np

from vedette.errors import MediaError, Problem
from vedette.image import ArrayPicture
from vedette.types.media import Picture, Pixels

MAX_BYTES = 64 << 20
MAX_PIXELS = 1 << 26  # 8192 x 8192
JPEG_START = b"\xff\xd8\xff"
WEBP_START = b"RIFF"
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


def encode_jpeg(picture: Picture, quality: int = 90) -> bytes:
    """The picture at its own size."""
    _, coded = cv2.imencode(".jpg", picture.bgr(), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(coded)


def encode_webp(picture: Picture, quality: int = 80) -> bytes:
    """The picture at its own size; a small one takes a third of its JPEG, which is all tables."""
    _, coded = cv2.imencode(".webp", picture.bgr(), [cv2.IMWRITE_WEBP_QUALITY, quality])
    return bytes(coded)


def decode_jpeg(coded: bytes) -> ArrayPicture:
    """Raises MediaError for what is no JPEG, is cut off, or is larger than 64 megapixels."""
    if not coded.startswith(JPEG_START):
        raise _unusable("bytes that are no JPEG")
    width, height = jpeg_size(coded)
    if not 0 < width * height <= MAX_PIXELS:
        raise _unusable(f"a JPEG of {width}x{height}")
    return ArrayPicture(decode_picture(coded))


def decode_picture(coded: bytes) -> Pixels:
    """Pixels of any format that OpenCV reads, for pictures that the user keeps."""
    if not 0 < len(coded) <= MAX_BYTES:
        raise _unusable(f"{len(coded)} bytes")
    try:
        pixels = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise _unusable(f"a picture that OpenCV refuses ({error.code})") from None
    if pixels is None:
        raise _unusable("bytes that are no picture")
    return np.asarray(pixels, np.uint8)


def jpeg_size(coded: bytes) -> tuple[int, int]:
    """(width, height) as the header states it, without decoding; (0, 0) where none is found."""
    at = 2
    while at + 9 <= len(coded) and coded[at] == 0xFF:
        marker = coded[at + 1]
        if marker in _SIZE_MARKERS:
            height, width = coded[at + 5 : at + 7], coded[at + 7 : at + 9]
            return int.from_bytes(width), int.from_bytes(height)
        if marker == 0xFF:
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(coded[at + 2 : at + 4])
    return 0, 0


def webp_size(coded: bytes) -> tuple[int, int]:
    """(width, height) of a still WebP without extras, as its header states it; else (0, 0)."""
    if len(coded) < 30 or coded[:4] != b"RIFF" or coded[8:12] != b"WEBP":
        return 0, 0
    if coded[12:16] == b"VP8 " and coded[23:26] == b"\x9d\x01\x2a":
        width, height = coded[26:28], coded[28:30]
        return int.from_bytes(width, "little") & 0x3FFF, int.from_bytes(height, "little") & 0x3FFF
    if coded[12:16] == b"VP8L" and coded[20] == 0x2F:
        sides = int.from_bytes(coded[21:25], "little")
        return (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1
    return 0, 0


def _unusable(found: str) -> MediaError:
    return MediaError(
        Problem(
            found,
            f"a picture of at most {MAX_PIXELS >> 20} megapixels and {MAX_BYTES >> 20} MB",
            "saving it anew, smaller",
        )
    )
