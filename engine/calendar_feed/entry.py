"""What a clinic's calendar has, as a feed reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class EntryKind(StrEnum):
    APPOINTMENT = "appointment"
    BLOCK = "block"
    #: A booking by telephone that the portal does not show yet.
    BOOKING = "booking"
    #: A day on which the clinic is closed by a rule.
    CLOSED_DAY = "closed_day"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One entry. `id` is that of the appointment or booking, or the date of a closed day.

    The fields after `status` are None in a feed without names, except `column`, which is the column's id then. `title`
    is that of a block, or the reason for a closed day.
    """

    kind: EntryKind
    id: str
    starts_at: datetime
    ends_at: datetime
    status: str
    column: str | None = None
    type: str | None = field(default=None, repr=False)
    provider: str | None = field(default=None, repr=False)
    patient: str | None = field(default=None, repr=False)
    client: str | None = field(default=None, repr=False)
    title: str | None = field(default=None, repr=False)
