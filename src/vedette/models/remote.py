"""Where a model is served, as a run is told: addresses, its name there, and who is asked next."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vedette.errors import ModelError, Problem, nearest
from vedette.models.balancing import POLICIES
from vedette.models.endpoint_coded import Wanted
from vedette.models.ledger import Ledger
from vedette.models.payload import Codings, codings
from vedette.models.replica_terms import Terms
from vedette.models.rows import Batching

_ON_SERVER = re.compile(
    r"(?P<server>.*?)/v2/models/(?P<model>[^/]+)(/versions/(?P<version>\d+))?/?"
)


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a model is served: as ``model`` (of ``version``) at each of ``addresses``.

    ``balancing`` is a name out of ``balancing.POLICIES``. ``ledger`` learns where the time of each
    answer went. Raises ModelError where that is unknown or there is no address.
    """

    model: str
    addresses: tuple[str, ...]
    version: str = ""
    balancing: str = "least"
    terms: Terms = field(default_factory=Terms)
    authority: Path | None = None
    """Whom to trust with https and grpcs, in place of the system's: a PEM file."""
    wanted: Wanted = field(default_factory=Wanted)
    """How tensors should travel, for each server that knows it."""
    known: Codings = field(default_factory=codings, compare=False, repr=False)
    """What of that this machine can do."""
    batching: Batching | None = None
    """How what is asked for one by one is put together; None asks one by one."""
    ledger: Ledger | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.balancing not in POLICIES:
            raise ModelError(
                Problem(
                    f"the balancing {self.balancing!r}",
                    f"one of {', '.join(POLICIES)}",
                    nearest(self.balancing, list(POLICIES)),
                )
            )
        if not self.addresses or not all(self.addresses):
            raise _unreadable(f"{self.model}={','.join(self.addresses)}")


def remotes(
    texts: Iterable[str],
    *,
    balancing: str = "least",
    authority: Path | None = None,
    wanted: Wanted = Wanted(),  # noqa: B008  # a frozen value
    batching: Batching | None = None,
) -> dict[str, Remote]:
    """Reads ``VARIANT=ADDRESS,ADDRESS...``, by variant. Raises ModelError.

    The model is served under the variant's name, or as an address says: ``/v2/models/NAME``.

    >>> remotes(["mine-640=http://a:8000/v2/models/street/versions/2,http://b:8000"])["mine-640"]
    ... # doctest: +ELLIPSIS, +NORMALIZE_WHITESPACE
    Remote(model='street', addresses=('http://a:8000', 'http://b:8000'), version='2',
           balancing='least', ...)
    """
    found: dict[str, Remote] = {}
    for text in texts:
        variant, equals, listed = text.partition("=")
        if not equals or not variant or variant in found:
            raise _unreadable(text)
        given = [_ON_SERVER.fullmatch(each) or each for each in listed.split(",")]
        named = [each for each in given if isinstance(each, re.Match)]
        models = {(each["model"], each["version"] or "") for each in named} or {(variant, "")}
        if len(models) > 1:
            raise _unreadable(text)
        ((model, version),) = models
        servers = [each if isinstance(each, str) else each["server"] for each in given]
        found[variant] = Remote(
            model,
            tuple(servers),
            version,
            balancing,
            authority=authority,
            wanted=wanted,
            batching=batching,
        )
    return found


def ensure_known(given: Mapping[str, Remote], used: Iterable[str]) -> None:
    """Raises ModelError for a remote model that nothing runs."""
    names = sorted(set(used))
    for each in given:
        if each not in names:
            raise ModelError(
                Problem(
                    f"the remote model {each!r}",
                    f"a model that the plan runs: {', '.join(names) or 'it runs none'}",
                    nearest(each, names),
                )
            )


def _unreadable(text: str) -> ModelError:
    return ModelError(
        Problem(
            f"the remote model {text!r}",
            "VARIANT=ADDRESS[,ADDRESS...], each variant once, served under one name",
            "yolox-nano-416=http://10.0.0.7:8000,http://10.0.0.8:8000",
        )
    )
