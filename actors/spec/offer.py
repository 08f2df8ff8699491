"""The replies about a clinic's offer. They name columns, providers and appointments by their ids only."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from actors.spec.values import ClockTime, Count, Day, SentMessage, Slug, Time, Yes
from engine.offer.rule import Rule
from engine.offer.start import Taker


class ReasonSource(SentMessage):
    """Where a rule's value comes from. Only the fields of its kind are present."""

    kind: Literal["portal", "setting", "default", "appointment", "booking", "request", "clock"]
    read_at: Time | None = None
    """portal: when it was read."""
    rule: str | None = None
    """setting: its key in `idexx_sync.rule_origins`, which has who set it."""
    set_at: Time | None = None
    """setting: when it was set."""
    ids: list[UUID] | None = None
    """appointment, booking: the rows."""


class OfferReason(SentMessage):
    """One rule's part in the decision."""

    rule: Rule
    allows: bool
    value: str
    """In words."""
    source: ReasonSource
    change: str | None
    """What would change it, often a command; null: nothing would."""


class OfferedStart(SentMessage):
    """A start that can be booked."""

    starts_at: Time
    ends_at: Time
    date: Day
    start_time: ClockTime
    columns: list[str]
    """Ids of the columns that can be given to callers at once."""
    column_count: Count
    """Their number. Greater than the length of `columns` only while the clinic's columns are not known."""


class OfferedDate(SentMessage):
    """A date of the range."""

    date: Day
    starts: Count
    read_at: Time | None
    """When the portal was read for it; null: never."""
    doubt: str | None
    """Why it is stale, so that nothing of it is offered: too_old, never_read, failed, or the code of a warning."""
    nearest_at: Time | None
    """If there are no starts: the one that the fewest rules forbid; `why` explains it."""
    forbidden_by: list[Rule]
    """The rules that forbid it."""


class FreeReply(SentMessage):
    """The starts that the clinic can offer, in order; at most 1000. For more, set `after` to the last `starts_at`."""

    ok: Yes
    clinic: Slug
    timezone: str
    at: Time
    """The moment for which this holds."""
    minutes: Count
    """How long the appointment lasts."""
    columns: list[str]
    """Ids of the columns that count, in the portal's order."""
    days: list[OfferedDate]
    """Every date of the range; they do not depend on `after`."""
    starts: list[OfferedStart]
    has_more: bool
    """Whether there are starts after the last one."""
    reasons: list[OfferReason]
    """Why, if the range has no start at all: the rules that forbid the nearest one. Otherwise empty."""


class Taken(SentMessage):
    """Something that takes a column's time."""

    kind: Taker
    id: UUID
    in_column: bool
    """false: it has no column, and takes one of those that are free, which may be another one."""
    starts_at: Time
    ends_at: Time


class ExplainedColumn(SentMessage):
    """A column that counts, at the start."""

    id: str
    free: bool
    may_use: bool
    """Whether the requested type and column allow it."""
    taken_by: list[Taken]


class WhyReply(SentMessage):
    """Why the clinic can offer the start, or why not."""

    ok: Yes
    clinic: Slug
    timezone: str
    at: Time
    """The moment for which this holds."""
    free: bool
    starts_at: Time
    ends_at: Time
    date: Day
    start_time: ClockTime
    column_count: Count
    columns: list[ExplainedColumn]
    reasons: list[OfferReason]
    """In the order in which they decide."""
