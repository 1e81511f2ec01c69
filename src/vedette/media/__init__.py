"""Video in and out: sources, encoders, and how items are packed for the way between machines."""

from vedette.media.encode import H264Decoder, H264Encoder
from vedette.media.jpeg import decode_jpeg, encode_jpeg
from vedette.media.packing import pack, unpack
from vedette.media.picture import DecodedPicture, shrunk
from vedette.media.render import render
from vedette.media.source import Reader, open_source

__all__ = [
    "DecodedPicture",
    "H264Decoder",
    "H264Encoder",
    "Reader",
    "decode_jpeg",
    "encode_jpeg",
    "open_source",
    "pack",
    "render",
    "shrunk",
    "unpack",
]
