"""What a request about the offer may name: a clinic's appointment types, columns and providers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from engine.errors import BadRequest
from engine.offer.start import StartQuery

#: Names in one error message at most.
LISTED = 20


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Names of types, and ids of columns and providers; None: not known, so that any name is accepted.

    Providers are an exception: one that is not known could be busy unnoticed, so none is accepted then.
    """

    types: Collection[str] | None
    columns: Collection[str] | None
    providers: Collection[str] | None

    def check(self, query: StartQuery) -> None:
        """Raises `BadRequest` with the known names for one that the clinic does not have.

        The message does not repeat the name: it may be a person's, and a refusal can become an event.
        """
        if self.types is not None and _is_missing(query.type, self.types):
            raise _unknown("type", "an appointment type", self.types)
        if query.column is not None and self.columns is not None and query.column not in self.columns:
            raise _unknown("column", "the id of a column", self.columns)
        if query.provider is not None and query.provider not in (self.providers or ()):
            raise _unknown("provider", "the id of a provider", self.providers or ())


def _is_missing(type_: str | None, known: Iterable[str]) -> bool:
    """Upper and lower case of a type are the same."""
    return type_ is not None and type_.lower() not in {one.lower() for one in known}


def _unknown(field: str, what: str, known: Iterable[str]) -> BadRequest:
    names = sorted(known)
    listed = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
    which = f"it has {listed}" if names else "the portal has named none yet"
    return BadRequest(f"{field}: not {what} of the clinic; {which}")
