"""Whatever a document says, a command tells what is wrong with it: never a fault, nothing written.

The documents are valid ones with a few elements changed, so that they get past the first check.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.material import plain, said
from tests.fuzz.mutations import as_yaml, assert_told, many, mutated, spoiled, tree

METHODS = {
    "knobs": ("brute", "exact", "chameleon"),
    "placement": ("brute", "exact", "lagrange"),
    "fleet": ("brute", "exact", "lagrange", "dp"),
    "cascade": ("exact",),
    "replicas": ("brute", "exact", "lagrange"),
}
VERBS: dict[str, list[tuple[str, ...]]] = {
    "workflow.yaml": [("check", "workflow.yaml", "cluster.yaml")],
    "cluster.yaml": [("check", "workflow.yaml", "cluster.yaml"), ("check", "cluster.yaml")],
    "plan.yaml": [("simulate", "plan.yaml"), ("explain", "plan.yaml")],
    "profile.json": [("simulate", "plan.yaml"), ("explain", "plan.yaml")],
    **{
        f"{planner}.json": [
            ("solve", planner, f"{planner}.json", "--method", method) for method in methods
        ]
        for planner, methods in METHODS.items()
    },
}
EXAMPLES = {"plan.yaml": 60, "profile.json": 40, "workflow.yaml": 120, "cluster.yaml": 80}


@pytest.mark.parametrize("name", VERBS)
def test_the_documents_are_right_as_they_are(here: Path, name: str) -> None:
    assert [said(*words).status for words in VERBS[name]] == [0] * len(VERBS[name])


@pytest.mark.parametrize("name", VERBS)
def test_a_changed_document_is_done_or_told(here: Path, name: str) -> None:
    file = here / name
    right, document = file.read_bytes(), plain(file)
    write = json.dumps if file.suffix == ".json" else as_yaml

    @many(EXAMPLES.get(name, 80))
    @given(mutated(document), st.sampled_from(VERBS[name]))
    def tell(changed: object, words: tuple[str, ...]) -> None:
        file.write_text(write(changed), encoding="utf-8")
        before = tree(here)
        assert_told(said(*words))
        assert tree(here) == before

    try:
        tell()
    finally:
        file.write_bytes(right)


@pytest.mark.parametrize("name", VERBS)
def test_a_spoiled_document_is_done_or_told(here: Path, name: str) -> None:
    file = here / name
    right = file.read_bytes()

    @many(30)
    @given(spoiled(right), st.sampled_from(VERBS[name]))
    def tell(content: bytes, words: tuple[str, ...]) -> None:
        file.write_bytes(content)
        before = tree(here)
        assert_told(said(*words))
        assert tree(here) == before

    try:
        tell()
    finally:
        file.write_bytes(right)


def test_spoiled_arrays_are_told(here: Path) -> None:
    (file,) = here.glob("profile-*.npz")
    right = file.read_bytes()

    @many(20)
    @given(spoiled(right).filter(lambda content: content != right))
    def tell(content: bytes) -> None:
        file.write_bytes(content)
        told = said("simulate", "plan.yaml")
        assert told.status == 2
        assert_told(told)

    try:
        tell()
    finally:
        file.write_bytes(right)
