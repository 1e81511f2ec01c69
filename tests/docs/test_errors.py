"""Each message that the index of errors quotes is one that the code can say."""

import ast
import re
from pathlib import Path

import vedette

PACKAGE = Path(vedette.__file__).parent


def texts() -> list[str]:
    """Every piece of text in the sources."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")]
    return [
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def test_every_quoted_message_is_in_the_code(error_index: str) -> None:
    quoted = re.findall(r"^\| `(.+?)` \|", error_index, re.MULTILINE)
    said = texts()
    assert len(quoted) > 40
    assert [words for words in quoted if not any(words in text for text in said)] == []
    assert "a fault of ours" in "".join(said)
