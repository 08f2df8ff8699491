"""A calendar feed: which part of a clinic's calendar it shows, and whether with names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from engine.errors import BadRequest
from engine.issued import state_of

#: The days before and after today that a feed shows unless others are given.
DAYS_BACK = 14
DAYS_AHEAD = 60

#: The most days before or after today.
MAX_DAYS = 365


@dataclass(frozen=True, slots=True)
class FeedScope:
    """Which part of a clinic's calendar a feed shows.

    `columns` are the portal's ids; None: all. `provider` is a name or the portal's id; None: all. `names`: whether it
    shows names and titles.
    """

    columns: tuple[str, ...] | None = None
    provider: str | None = None
    names: bool = False
    days_back: int = DAYS_BACK
    days_ahead: int = DAYS_AHEAD

    def __post_init__(self) -> None:
        for key, days in (("days back", self.days_back), ("days ahead", self.days_ahead)):
            if not 0 <= days <= MAX_DAYS:
                raise BadRequest(f"{key}: {days} is not from 0 to {MAX_DAYS}")

    def dates(self, today: date) -> tuple[date, date]:
        """The first and the last day, both inclusive."""
        return today - timedelta(days=self.days_back), today + timedelta(days=self.days_ahead)


@dataclass(frozen=True, slots=True)
class CalendarFeed:
    """A stored feed, without its token. `clinic` is the slug."""

    id: UUID
    name: str
    clinic: str
    clinic_id: UUID
    scope: FeedScope
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        return state_of(now, self.expires_at, self.revoked_at)
