"""``--operators FILE``: the one way to run code of the user's that no package declares.

Every verb that reads a workflow or a plan takes it. A file can never ask for it by itself.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

Operators = Annotated[
    list[Path] | None,
    typer.Option(
        "--operators",
        metavar="FILE",
        help="A Python file with operators of your own, which is run; may be given again.",
    ),
]


def with_operators(command: Callable[..., None]) -> Callable[..., None]:
    """The same verb, which runs files of operators before anything else."""

    @wraps(command)
    def prepared(*args: Any, operators: list[Path] | None = None, **named: Any) -> None:
        if operators:
            from vedette import session

            session.load_operators(*operators)
        command(*args, **named)

    own = inspect.signature(command)
    last = inspect.Parameter("operators", inspect.Parameter.KEYWORD_ONLY, default=None)
    last = last.replace(annotation=Operators)
    prepared.__signature__ = own.replace(parameters=[*own.parameters.values(), last])  # type: ignore[attr-defined]
    prepared.__annotations__ = command.__annotations__ | {"operators": Operators}
    return prepared
