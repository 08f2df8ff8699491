"""A day of a clinic's calendar as its page and its command line show it. It holds personal data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from engine.offer.start import BookableStart, Taker


@dataclass(frozen=True, slots=True)
class DayColumn:
    """A column of the calendar. `counts`: it takes part in the offer."""

    id: str
    name: str | None
    counts: bool


@dataclass(frozen=True, slots=True)
class DayEntry:
    """What takes time on a day. `starts` and `ends` are clinic-local; `column` None: no column, or every one.

    The names, `notes` (for a block: its title) and `provider` are personal data.
    """

    kind: Taker
    id: UUID
    column: str | None
    starts: datetime
    ends: datetime
    type: str | None
    status: str
    provider: str | None = field(repr=False)
    patient: str | None = field(repr=False)
    client: str | None = field(repr=False)
    notes: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One clinic-local day. `starts` are those of the default length; `doubt`: why the day is stale, or None."""

    date: date
    read_at: datetime | None
    doubt: str | None
    columns: tuple[DayColumn, ...]
    entries: tuple[DayEntry, ...]
    starts: tuple[BookableStart, ...]
