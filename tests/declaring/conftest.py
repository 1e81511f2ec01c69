"""A workflow and a cluster to break, and operators as their signatures say."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from vedette.declaring.reading import parse_cluster, parse_workflow
from vedette.errors import DeclarationError
from vedette.types.cluster import Cluster
from vedette.types.graph import Workflow
from vedette.types.operators import Port, Setting, Signature

HERE = Path(__file__).parent
VARIANTS = ("nano-640", "nano-416")
FRAME, DETECTIONS = Port("Frame"), Port("Detections")
SIGNATURES: Mapping[str, Signature] = {
    each.name: each
    for each in (
        Signature(
            "sample",
            (FRAME,),
            Port("Frame", may_drop=True),
            {"rate_fps": Setting("rate_fps", float | str, choices=("source", 12, 5))},
            stateful=True,
        ),
        Signature(
            "resize",
            (FRAME,),
            FRAME,
            {"width": Setting("width", int | str, choices=("source", 480))},
        ),
        Signature("tile", (FRAME,), Port("Frame", "all")),
        Signature("merge", (Port("Detections", "all"),), DETECTIONS),
        Signature(
            "detect",
            (FRAME,),
            DETECTIONS,
            {
                "classes": Setting("classes", dict[str, list[str]], required=True),
                "confidence": Setting("confidence", float, 0.3),
            },
            models=("model",),
        ),
        Signature("track", (DETECTIONS,), DETECTIONS, stateful=True),
        Signature(
            "crop",
            (FRAME, DETECTIONS),
            Port("Crop", "all"),
            {"groups": Setting("groups", list[str] | None)},
        ),
        Signature("classify", (Port("Crop"),), Port("Crop"), stateful=True),
        Signature("contrast", (Port("Crop"), Port("Crop")), Port("Crop")),
        Signature(
            "match_colour",
            (Port("Crop"),),
            Port("Match"),
            {"colour": Setting("colour", str, required=True)},
            stateful=True,
        ),
        Signature(
            "alert",
            (Port("Match"),),
            Port("Event", may_drop=True),
            {"min_duration_s": Setting("min_duration_s", float, 1.0)},
            stateful=True,
        ),
    )
}


@pytest.fixture(scope="session")
def signatures() -> Mapping[str, Signature]:
    return SIGNATURES


@pytest.fixture(scope="session")
def variants() -> tuple[str, ...]:
    return VARIANTS


@pytest.fixture(scope="session")
def amber() -> str:
    return (HERE / "amber.yaml").read_text()


@pytest.fixture(scope="session")
def city() -> str:
    return (HERE / "city.yaml").read_text()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own as the current one; relative, as a user would say it."""
    monkeypatch.chdir(tmp_path)
    return Path()


@pytest.fixture(scope="session")
def flow(amber: str) -> Workflow:
    return parse_workflow(amber, SIGNATURES, VARIANTS)


@pytest.fixture(scope="session")
def cluster(city: str) -> Cluster:
    return parse_cluster(city)


def _complaints(read: Callable[[str], Any], text: str) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


@pytest.fixture(scope="session")
def workflow_complaints() -> Callable[[str], list[str]]:
    """The problems of a workflow's text, each as a user sees it."""
    return lambda text: _complaints(lambda given: parse_workflow(given, SIGNATURES, VARIANTS), text)


@pytest.fixture(scope="session")
def cluster_complaints() -> Callable[[str], list[str]]:
    return lambda text: _complaints(parse_cluster, text)
