"""A folder with one valid document of each kind, in which the commands are called."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fuzz.material import write_all


@pytest.fixture(scope="package")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_all(folder)
        yield folder
