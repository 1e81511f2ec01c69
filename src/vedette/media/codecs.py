"""Pictures of one size as JPEG, WebP or a run of H.264: no larger one is ever decoded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vedette.errors import MediaError, Problem
from vedette.image import ArrayPicture
from vedette.media.encode import H264Decoder, H264Encoder
from vedette.media.jpeg import decode_picture, encode_jpeg, encode_webp, jpeg_size, webp_size
from vedette.types.media import Pixels

_SPARE_BYTES = 1 << 16
_SCAN = b"\xff\xda"
_MOST_SCANS = 64
_ALIGNMENT = (64, 16)  # FFmpeg counts the pixels of lines as long as its vectors, and whole blocks


@dataclass(frozen=True, slots=True)
class Still:
    """Every picture by itself, at a ``quality`` from 1 to 100."""

    form: Literal["jpeg", "webp"]
    quality: int

    def encode(self, pictures: Sequence[Pixels]) -> list[bytes]:
        write = encode_jpeg if self.form == "jpeg" else encode_webp
        return [write(ArrayPicture(each), self.quality) for each in pictures]

    def decode(self, parts: Sequence[bytes], size: tuple[int, int]) -> list[Pixels]:
        """Raises MediaError for what is no such picture of that (width, height)."""
        return [self._one(each, size) for each in parts]

    def _one(self, coded: bytes, size: tuple[int, int]) -> Pixels:
        found = jpeg_size(coded) if self.form == "jpeg" else webp_size(coded)
        if found != size:
            raise _wrong(f"{found[0]}x{found[1]} in {self.form}", size)
        _ensure_small(coded, size)
        if self.form == "jpeg" and coded.count(_SCAN) > _MOST_SCANS:  # each a pass over all of it
            raise _wrong("a JPEG of too many scans", size)
        pixels = decode_picture(coded)
        if pixels.shape[1::-1] != size:
            raise _wrong(f"{pixels.shape[1]}x{pixels.shape[0]} in {self.form}", size)
        return pixels


@dataclass(frozen=True, slots=True)
class Run:
    """H.264 of constant quantiser ``qp``: the first is a keyframe, the others refer backwards.

    For frames of one camera in their order, consecutive or not; a single one is a keyframe alone.
    """

    qp: int

    def encode(self, pictures: Sequence[Pixels]) -> list[bytes]:
        encoder = H264Encoder(self.qp, gop_s=None)
        return [encoder.encode(ArrayPicture(each)) for each in pictures]

    def decode(self, parts: Sequence[bytes], size: tuple[int, int]) -> list[Pixels]:
        """Raises MediaError for what is no such run of that (width, height)."""
        width, height = (-(-side // by) * by for side, by in zip(size, _ALIGNMENT, strict=True))
        decoder = H264Decoder(most_pixels=width * height)
        found = []
        for coded in parts:
            _ensure_small(coded, size)
            found.append(decoder.decode(coded, size).bgr())
        return found


def _ensure_small(coded: bytes, size: tuple[int, int]) -> None:
    """Coded pictures are never larger than their pixels: what is wants to be slow."""
    if not 0 < len(coded) <= 3 * size[0] * size[1] + _SPARE_BYTES:
        raise _wrong(f"{len(coded):,} bytes", size)


def _wrong(found: str, size: tuple[int, int]) -> MediaError:
    return MediaError(
        Problem(
            f"a coded picture of {found}",
            f"one of {size[0]}x{size[1]}, and no larger than its pixels",
            "coding it again",
        )
    )


CODECS: Mapping[str, Still | Run] = {
    "jpeg": Still("jpeg", 90),
    "webp": Still("webp", 80),
    "h264": Run(18),
}
"""Each at its usual quality; whoever decodes needs not know another's."""
