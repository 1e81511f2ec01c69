"""Downloads: verified, resumed, bounded, and nothing kept that is not right."""

import hashlib
import logging
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from vedette.errors import ModelError
from vedette.models.assets import Asset, cache_folder, fetch

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Flaky(BaseHTTPRequestHandler):
    """Serves CONTENT, but hangs up in the middle of the first ``cuts`` answers."""

    cuts = 0
    ranges = True
    asked: list[str | None]
    pages: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        asked = self.headers["Range"] if self.ranges else None
        self.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if self.path == "/missing":
            self.send_error(404)
            return
        content = self.pages.get(self.path, CONTENT)
        body = content[start:]
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        whole = len(self.asked) > self.cuts
        self.wfile.write(body if whole else body[: len(body) // 2])

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def handler() -> type[Flaky]:
    return type("Handler", (Flaky,), {"asked": []})


@pytest.fixture
def server(handler: type[Flaky]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VEDETTE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def asset(*sources: str, sha256: str | None = SHA256, size: int | None = len(CONTENT)) -> Asset:
    return Asset("thing", "thing.bin", "CC0", sources, size_bytes=size, sha256=sha256)


def kept(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_the_cache_follows_the_usual_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VEDETTE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/vedette")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "vedette"


def test_a_download_is_verified_kept_and_not_repeated(server: str, handler: type[Flaky]) -> None:
    wanted = asset(f"{server}/thing")
    seen: list[tuple[int, int | None]] = []
    assert fetch(wanted, lambda done, total: seen.append((done, total))).read_bytes() == CONTENT
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(wanted) == wanted.path
    assert len(handler.asked) == 1


def test_an_interrupted_download_goes_on_where_it_stopped(
    server: str, handler: type[Flaky]
) -> None:
    handler.cuts = 2
    assert fetch(asset(f"{server}/thing")).read_bytes() == CONTENT
    half, quarter = len(CONTENT) // 2, len(CONTENT) // 4
    assert handler.asked == [None, f"bytes={half}-", f"bytes={half + quarter}-"]


def test_a_later_process_goes_on_where_an_earlier_one_gave_up(
    server: str, handler: type[Flaky]
) -> None:
    handler.cuts = 4
    with pytest.raises(ModelError, match="it stopped after"):
        fetch(asset(f"{server}/thing"))
    assert fetch(asset(f"{server}/thing")).read_bytes() == CONTENT
    assert handler.asked[-1] is not None


def test_a_server_without_ranges_is_asked_from_the_start(server: str, handler: type[Flaky]) -> None:
    handler.cuts, handler.ranges = 1, False
    assert fetch(asset(f"{server}/thing")).read_bytes() == CONTENT


def test_a_digest_mismatch_says_both_and_keeps_nothing(server: str, cache: Path) -> None:
    with pytest.raises(ModelError) as caught:
        fetch(asset(f"{server}/thing", sha256="0" * 64))
    (problem,) = caught.value.problems
    assert SHA256 in problem.found
    assert "0" * 64 in problem.expected
    assert problem.hint
    assert kept(cache) == ["thing.bin.lock"]


def test_sources_are_tried_in_order_until_one_is_right(server: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.bin"
    wrong.write_bytes(b"something else")
    sources = (f"{server}/missing", wrong.as_uri(), f"{server}/thing")
    assert fetch(asset(*sources)).read_bytes() == CONTENT


def test_when_every_source_fails_each_is_explained(server: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        fetch(asset(f"{server}/missing", (tmp_path / "none.bin").as_uri(), "ftp://x/y"))
    assert ["404" in str(caught.value), len(caught.value.problems)] == [True, 3]


def test_more_bytes_than_agreed_are_refused(server: str, cache: Path) -> None:
    with pytest.raises(ModelError, match="more than 1000 bytes"):
        fetch(asset(f"{server}/thing", size=1000))
    assert kept(cache) == ["thing.bin.lock"]


def test_a_damaged_cache_is_repaired(server: str) -> None:
    wanted = asset(f"{server}/thing")
    fetch(wanted).write_bytes(b"damaged")
    assert fetch(wanted).read_bytes() == CONTENT


def test_plain_http_is_refused_beyond_this_machine() -> None:
    with pytest.raises(ModelError, match="starts with https"):
        fetch(asset("http://example.com/thing"))


def test_an_unknown_digest_is_trusted_once_and_held_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(CONTENT)
    wanted = asset(source.as_uri(), sha256=None)
    assert wanted.standing == ("tried", "trust on first use")
    with caplog.at_level(logging.WARNING):
        path = fetch(wanted)
    assert "trust on first use" in caplog.text
    path.unlink()
    source.write_bytes(b"changed since")
    with pytest.raises(ModelError, match=SHA256):
        fetch(wanted)


def test_a_cache_that_cannot_be_written_is_explained(tmp_path: Path, cache: Path) -> None:
    cache.write_bytes(b"a file where the folder should be")
    with pytest.raises(ModelError, match="VEDETTE_CACHE=FOLDER"):
        fetch(asset((tmp_path / "source.bin").as_uri()))


def wheel(folder: Path) -> None:
    """A package of one file, as an index would serve it."""
    info = "shelf-1.0.dist-info"
    with zipfile.ZipFile(folder / "shelf-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("shelf/thing.bin", CONTENT)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package index that holds one wheel."""
    wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))


@pytest.mark.usefixtures("index")
def test_one_member_of_a_wheel_is_kept_and_nothing_else(cache: Path) -> None:
    wanted = asset("pypi:shelf==1.0#shelf/thing.bin")
    assert fetch(wanted).read_bytes() == CONTENT
    assert kept(cache) == ["thing.bin", "thing.bin.lock"]


def test_without_pip_the_index_itself_is_asked(
    server: str, handler: type[Flaky], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(tmp_path)
    packed = (tmp_path / "shelf-1.0-py3-none-any.whl").read_bytes()
    links = """<a href="../files/shelf-1.0.tar.gz">source</a>
        <a
         href="../files/shelf-1.0-py3-none-any.whl#sha256=0">wheel</a>"""
    handler.pages = {
        "/simple/shelf/": links.encode(),
        "/simple/files/shelf-1.0-py3-none-any.whl": packed,
    }
    monkeypatch.setenv("PIP_INDEX_URL", f"{server}/simple")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert fetch(asset("pypi:shelf==1.0#shelf/thing.bin")).read_bytes() == CONTENT
    with pytest.raises(ModelError, match=r"lists no wheel of 2\.0"):
        fetch(asset("pypi:shelf==2.0#shelf/thing.bin", sha256="0" * 64))


def test_without_pip_and_without_an_index_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="none of PIP_INDEX_URL, UV_DEFAULT_INDEX set"):
        fetch(asset("pypi:shelf==1.0#shelf/thing.bin"))


def test_credentials_of_an_index_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://me:secret@127.0.0.1:9/simple")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError) as caught:
        fetch(asset("pypi:shelf==1.0#shelf/thing.bin"))
    assert "secret" not in str(caught.value)


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("pypi:shelf==1.0#shelf/other.bin", "without a readable shelf/other.bin"),
        ("pypi:shelf==2.0#shelf/thing.bin", "pip could not download shelf==2.0"),
        ("pypi:shelf==1.0#../thing.bin", "expected pypi:package==version"),
        ("pypi:shelf==1.0#/etc/passwd", "expected pypi:package==version"),
        ("pypi:shelf", "expected pypi:package==version"),
    ],
)
def test_a_package_source_that_cannot_be_used_is_explained(source: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        fetch(asset(source))
