"""One date of an offer: how much it offers, how old it is, and why it offers nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from engine.offer.rule import Rule


@dataclass(frozen=True, slots=True)
class OfferedDay:
    """A clinic-local date. `read_at`: when the portal was read for it; None: never. `doubt`: why it is stale, or None.

    If it offers nothing, `nearest_at` is the start that the fewest rules forbid, and `forbidden_by` are these rules.
    """

    date: date
    starts: int
    read_at: datetime | None
    doubt: str | None
    nearest_at: datetime | None = None
    forbidden_by: tuple[Rule, ...] = ()
