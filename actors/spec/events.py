"""The events of a sync that are published on `idexx.evt.>`, one model for each, and the event of a refusal."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from actors.spec.values import Count, Day, Milliseconds, Percent, SentMessage, Slug, Time
from engine.events import Event
from engine.failure import Reason
from engine.sync import SyncStatus
from engine.warnings import WarningCode


class SyncEvent(SentMessage):
    """The fields of every event of a sync."""

    event: Event
    """Equal to the last token of the subject."""
    sync_id: UUID
    clinic: Slug
    seq: Annotated[int, Field(ge=1)]
    """1, 2, 3 … for each sync, without a gap."""
    at: Time
    """Time of the event."""
    status: SyncStatus
    """The sync's status after this event."""
    progress_percentage: Percent
    """Never decreases."""
    dates_total: Count
    """Number of dates of the sync."""
    dates_done: Count
    """Number of dates reconciled so far."""
    failed_dates: list[Day]
    """Dates failed so far."""
    dry_run: Literal[True] | None = None
    """Only in the events of a dry run, which changes nothing."""


class Accepted(SyncEvent):
    """The sync has been stored."""

    event: Literal[Event.ACCEPTED]
    start_date: Day
    end_date: Day
    """Inclusive."""


class Queued(SyncEvent):
    """The sync is queued, because the limit of running syncs of the clinic is reached."""

    event: Literal[Event.QUEUED]
    position: Annotated[int, Field(ge=1)]
    """1 starts next."""


class Started(SyncEvent):
    """Work on the sync's dates has started."""

    event: Literal[Event.STARTED]


class DateEvent(SyncEvent):
    """The fields of every event of a date, besides those of a sync."""

    date: Day
    attempt: Count
    """Attempts at this date so far, without those that are not counted."""


class DateStarted(DateEvent):
    """A worker has started an attempt at the date."""

    event: Literal[Event.DATE_STARTED]


class DateRetrying(DateEvent):
    """An attempt at the date has failed and will be repeated."""

    event: Literal[Event.DATE_RETRYING]
    reason: Reason
    message: str
    next_try_at: Time


class DateCompleted(DateEvent):
    """The date's stored appointments match the portal, except for removals: these are decided when the sync ends."""

    event: Literal[Event.DATE_COMPLETED]
    added: Count
    updated: Count
    """Includes moved and restored ones."""
    removed: Count
    unchanged: Count
    duration_ms: Milliseconds


class DateFailed(DateEvent):
    """The date has failed for good; nothing of it was changed."""

    event: Literal[Event.DATE_FAILED]
    reason: Reason
    message: str
    duration_ms: Milliseconds | None
    """null: no attempt was started."""


class Held(SyncEvent):
    """The sync's removals exceed the removal limit and are held until a person approves or rejects them."""

    event: Literal[Event.HELD]
    removals_held: Count


class Stats(SentMessage):
    """The changes that a sync has made."""

    appointments_added: Count
    appointments_updated: Count
    appointments_removed: Count
    slots_created: Count
    slots_updated: Count
    conflicts_detected: Count
    """Bookings by telephone whose slot the portal has filled."""
    conflicts_resolved: Count
    """Of these, the ones that were moved to another time."""


class DateError(SentMessage):
    """Why a date failed."""

    date: Day
    reason: Reason
    message: str


class Warned(SentMessage):
    """Data that a completed sync could not read or use; one warning for each code."""

    code: WarningCode
    message: str
    """States the number of dates and names them; contains no personal data."""


class LastEvent(SyncEvent):
    """The fields of the last event of a sync. Each sync has exactly one such event, and no event follows it."""

    partial_success: bool
    """Some dates completed and some failed."""
    removals_held: Count
    stats: Stats
    duration_ms: Milliseconds
    errors: list[DateError]
    message: str | None
    """The error, if there was one."""
    warnings: list[Warned]
    """What the sync could not read or use; may be empty."""


class Completed(LastEvent):
    """All dates completed, or, with `partial_success`, some of them."""

    event: Literal[Event.COMPLETED]


class Failed(LastEvent):
    """No date completed, the portal rejected the clinic's sign-in, or heartbeats stopped."""

    event: Literal[Event.FAILED]


class Cancelled(LastEvent):
    """A client cancelled the sync. Data stored before that stays."""

    event: Literal[Event.CANCELLED]


class TimedOut(LastEvent):
    """The sync did not end within `SYNC_TIMEOUT_MS`. Data stored before that stays."""

    event: Literal[Event.TIMED_OUT]


class Rejected(SentMessage):
    """The refusal of a request without a reply subject, or of a scheduled sync."""

    event: Literal["rejected"]
    clinic: str
    """As in the subject of the request."""
    at: Time
    code: Annotated[int, Field(ge=400, le=599)]
    reason: str
    message: str
    retry_after_ms: Milliseconds | None = None


AnySyncEvent: TypeAlias = (
    Accepted
    | Queued
    | Started
    | DateStarted
    | DateRetrying
    | DateCompleted
    | DateFailed
    | Held
    | Completed
    | Failed
    | Cancelled
    | TimedOut
)

#: By the last word of the subject, in the order of a life.
SYNC_EVENTS: dict[Event, type[SyncEvent]] = {
    Event.ACCEPTED: Accepted,
    Event.QUEUED: Queued,
    Event.STARTED: Started,
    Event.DATE_STARTED: DateStarted,
    Event.DATE_RETRYING: DateRetrying,
    Event.DATE_COMPLETED: DateCompleted,
    Event.DATE_FAILED: DateFailed,
    Event.HELD: Held,
    Event.COMPLETED: Completed,
    Event.FAILED: Failed,
    Event.CANCELLED: Cancelled,
    Event.TIMED_OUT: TimedOut,
}
