"""The response of `GET /api/idexx/day`."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from actors.spec.values import Count, Day, SentMessage, Slug, Time, Yes
from engine.offer.start import Taker

#: Minutes after the day's midnight on the clinic's clock.
Minute = Annotated[int, Field(ge=0, le=1440)]


class DayClinic(SentMessage):
    slug: Slug
    name: str
    timezone: str


class DayPeriod(SentMessage):
    """A part of the day."""

    from_minute: Minute
    to_minute: Minute
    kind: Literal["open", "closed_day", "recurring_block"]


class DayColumn(SentMessage):
    """A column of the portal's calendar."""

    id: str
    name: str | None
    """null without the right `names`: it may be that of a doctor."""
    counts: bool
    """Whether callers may be offered it."""


class DayEntry(SentMessage):
    """What is in the calendar, cut to the day."""

    kind: Taker
    id: UUID
    column: str | None
    """null: a block of the whole clinic, or something that has no column yet."""
    from_minute: Minute
    to_minute: Minute
    takes_column: bool
    """false: cancelled, a no-show, or of a type that never counts."""
    status: str
    type: str | None
    """This field and the following ones are null without the right `names`."""
    provider: str | None
    patient: str | None
    client: str | None
    title: str | None
    """What a block is for."""


class DayFreeStart(SentMessage):
    """A time that can be offered for an appointment of the clinic's default length."""

    starts_at: Time
    from_minute: Minute
    columns: list[str]
    column_count: Count


class DayStart(SentMessage):
    """A time of the grid."""

    minute: Minute
    starts_at: Time


class DayReply(SentMessage):
    """One day of a clinic's calendar, with what is offered on it."""

    ok: Yes
    clinic: DayClinic
    date: Day
    at: Time
    has_names: bool
    """Whether the caller may see names."""
    read_at: Time | None
    """null: never read."""
    doubt: str | None
    """Why nothing of the day is offered although it may be free, such as `too_old`."""
    max_age_seconds: Count
    grid_minutes: Count
    columns_chosen: bool
    """Whether a person has chosen which columns count."""
    columns: list[DayColumn]
    opening: list[DayPeriod]
    closed: list[DayPeriod]
    entries: list[DayEntry]
    free: list[DayFreeStart]
    starts: list[DayStart]
