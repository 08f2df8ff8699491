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
class Period:
    """A part of a day, in minutes after its midnight. `kind`: open, closed_day or recurring_block."""

    kind: str
    from_minute: int
    to_minute: int


@dataclass(frozen=True, slots=True)
class DayEntry:
    """What is in the calendar of a day. `starts` and `ends` are clinic-local; `column` None: no column, or every one.

    The names, `notes` (for a block: its title) and `provider` are personal data.
    """

    kind: Taker
    id: UUID
    column: str | None
    starts: datetime
    ends: datetime
    #: Whether it takes a column: cancelled appointments, and those of types that never count, take none.
    takes_column: bool
    type: str | None
    status: str
    provider: str | None = field(repr=False)
    patient: str | None = field(repr=False)
    client: str | None = field(repr=False)
    notes: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """One clinic-local day, as of `at`. `starts` are those of the default length; `doubt`: why the day is stale, or
    None; `columns_chosen`: whether a person has chosen the columns that count."""

    date: date
    at: datetime
    timezone: str
    read_at: datetime | None
    doubt: str | None
    max_age_seconds: int
    grid_minutes: int
    columns_chosen: bool
    periods: tuple[Period, ...]
    columns: tuple[DayColumn, ...]
    entries: tuple[DayEntry, ...]
    starts: tuple[BookableStart, ...]
