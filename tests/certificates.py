"""Certificates of the tests' own."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest


def certified(folder: Path, addresses: Sequence[str] = ("127.0.0.1",)) -> tuple[Path, Path]:
    """A certificate for this machine that its own file vouches for, and its key."""
    openssl = shutil.which("openssl") or pytest.skip("openssl is not installed")
    made, key = folder / "cert.pem", folder / "key.pem"
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    )
    names = ",".join(["DNS:localhost", *(f"IP:{each}" for each in addresses)])
    files = ["-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(made)]
    subprocess.run([openssl, *words.split(), *files], check=True, capture_output=True)
    return made, key
