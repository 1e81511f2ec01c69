"""No message shows who may enter, and how."""

import pytest

from vedette.addresses import has_secrets, is_live, scheme_of, without_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://10.0.0.7/main", "rtsp://10.0.0.7/main"),
        ("rtsp://me:secret@10.0.0.7:554/main", "rtsp://10.0.0.7:554/main"),
        ("rtsp://me:p@ss@10.0.0.7/main", "rtsp://10.0.0.7/main"),
        ("rtsp://me:p/a?s#s@10.0.0.7/main", "rtsp://10.0.0.7/main"),
        ("rtsp://me:secret@[::1]:554/main", "rtsp://[::1]:554/main"),
        ("rtsp://me:secret@[::1/main", "rtsp://[::1/main"),
        ("https://host/@street/main?token=secret", "https://host/@street/main"),
        ("https://host:80?token=s@cret", "https://host:80"),
        ("postgresql+psycopg://me:secret@host/base?sslkey=k", "postgresql+psycopg://host/base"),
        ("https://me:secret@a/b, not http://you:word@c/d", "https://a/b, not http://c/d"),
        ("shots/?rate=10", "shots/?rate=10"),
        ("me@host.mp4", "me@host.mp4"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert without_secrets(address) == shown
    assert has_secrets(address) == (address != shown)


def test_what_cannot_be_had_again_is_live() -> None:
    assert is_live("RTSP://camera/main")
    assert not is_live("https://host/film.mp4")
    assert not is_live("rtsp.mp4")
    assert scheme_of("C:/film.mp4") == ""
