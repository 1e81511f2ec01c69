"""The published schemas, that of a workflow with the operators and models of this machine."""

from typing import Any

from vedette import ops
from vedette.declaring.operator import signatures
from vedette.declaring.schema import with_operators
from vedette.models.zoo import variants
from vedette.records import schemas

_ = ops  # its operators are registered by being imported
NAMES = schemas.NAMES


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one kind of file; KeyError for a name that is not in ``NAMES``."""
    found = schemas.schema(name)
    return with_operators(found, signatures(), variants()) if name == "workflow" else found
