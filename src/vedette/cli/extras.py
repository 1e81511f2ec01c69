"""What a verb needs beyond the plain install."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def of_extra(name: str) -> Iterator[None]:
    """Imports of what an extra brings. Raises InputError, which says how to install it."""
    from vedette.errors import InputError, Problem

    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "vedette":
            raise
        found, hint = f"no package {error.name} here", f"pip install 'vedette[{name}]'"
        raise InputError(Problem(found, f"the extra {name}", hint)) from None
