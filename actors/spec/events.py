"""The events: what is published on `idexx.evt.>`, one model for each."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from actors.spec.values import ChangeKind, ClockTime, Count, Day, Milliseconds, Percent, Slug, Time, Told
from engine.events import Event
from engine.failure import Reason
from engine.sync import SyncStatus
from engine.warnings import WarningCode


class SyncEvent(Told):
    """What every event of a sync tells."""

    event: Event
    """The same word ends the subject."""
    sync_id: UUID
    clinic: Slug
    seq: Annotated[int, Field(ge=1)]
    """1, 2, 3 … without a gap for each sync."""
    at: Time
    """When it happened."""
    status: SyncStatus
    """Of the sync, after this event."""
    progress_percentage: Percent
    """Never falls."""
    dates_total: Count
    """All dates of the sync."""
    dates_done: Count
    """Reconciled so far."""
    failed_dates: list[Day]
    """Given up so far."""


class Accepted(SyncEvent):
    """The sync is stored."""

    event: Literal[Event.ACCEPTED]
    start_date: Day
    end_date: Day
    """Inclusive."""


class Queued(SyncEvent):
    """It waits, since as many syncs of the clinic run as may."""

    event: Literal[Event.QUEUED]
    position: Annotated[int, Field(ge=1)]
    """1 is the next to start."""


class Started(SyncEvent):
    """Its dates are being worked on."""

    event: Literal[Event.STARTED]


class DateEvent(SyncEvent):
    """What every event of a date tells as well."""

    date: Day
    attempt: Count
    """Tries of this date so far, without those that do not count."""


class DateStarted(DateEvent):
    """A worker has taken the date."""

    event: Literal[Event.DATE_STARTED]


class DateRetrying(DateEvent):
    """A try of the date has failed; it is tried again."""

    event: Literal[Event.DATE_RETRYING]
    reason: Reason
    message: str
    next_try_at: Time


class DateCompleted(DateEvent):
    """The date is in line with the portal, but for removals: these are decided when the sync ends."""

    event: Literal[Event.DATE_COMPLETED]
    added: Count
    updated: Count
    """Moved and restored ones, too."""
    removed: Count
    unchanged: Count
    duration_ms: Milliseconds


class DateFailed(DateEvent):
    """The date is given up; nothing of it was touched."""

    event: Literal[Event.DATE_FAILED]
    reason: Reason
    message: str
    duration_ms: Milliseconds | None
    """null: never begun."""


class Held(SyncEvent):
    """Too many removals to be believed wait for a person: approve or reject them."""

    event: Literal[Event.HELD]
    removals_held: Count


class Stats(Told):
    """What a sync has done."""

    appointments_added: Count
    appointments_updated: Count
    appointments_removed: Count
    slots_created: Count
    slots_updated: Count


class DateError(Told):
    """Why a date failed."""

    date: Day
    reason: Reason
    message: str


class Warned(Told):
    """What a sync could not read or use although it went on. One for each code."""

    code: WarningCode
    message: str
    """Counts and names the dates; no personal data."""


class LastEvent(SyncEvent):
    """What the last event of every sync tells; there is exactly one, and nothing after it."""

    partial_success: bool
    """Some dates were done, and some were not."""
    removals_held: Count
    stats: Stats
    duration_ms: Milliseconds
    errors: list[DateError]
    message: str | None
    """What went wrong, if anything did."""
    warnings: list[Warned]
    """What the sync could not read or use; empty where there is nothing to say."""


class Completed(LastEvent):
    """Every date was done, or (`partial_success`) some of them."""

    event: Literal[Event.COMPLETED]


class Failed(LastEvent):
    """No date could be done, the portal lets the clinic in no more, or nothing gave a sign of life."""

    event: Literal[Event.FAILED]


class Cancelled(LastEvent):
    """Somebody ended it. What was stored by then stays."""

    event: Literal[Event.CANCELLED]


class TimedOut(LastEvent):
    """It was not done within `SYNC_TIMEOUT_MS`. What was stored by then stays."""

    event: Literal[Event.TIMED_OUT]


class Place(Told):
    """When and where an appointment is, and its state."""

    date: Day
    start_time: ClockTime
    end_time: ClockTime
    """Before `start_time`: on the next day."""
    room_id: str | None
    status: str
    """scheduled, confirmed, in_progress, completed, no_show, cancelled, or the portal's own word."""


class AppointmentChange(Told):
    """An appointment has changed. Published after what the sync has stored, in the order of the changes."""

    kind: ChangeKind
    """The same word ends the subject."""
    clinic: Slug
    sync_id: UUID
    """Which saw it, or whose undo it is."""
    appointment_id: UUID
    """`schedule_appointments.id`."""
    neo_appointment_id: str
    """The portal's."""
    at: Time
    """When it was stored."""
    before: Place | None
    """null: added."""
    after: Place | None
    """null: removed."""


class Rejected(Told):
    """The refusal of a request without a reply subject, or of what a schedule asked for."""

    event: Literal["rejected"]
    clinic: str
    """As the subject of the request had it."""
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
