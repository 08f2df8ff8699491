"""The replies: what a client gets that asks on `idexx.cmd.>`, one model for each command, and the refusal of all."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from actors.spec.events import AnySyncEvent, DateError, Stats, Warned
from actors.spec.values import ChangeKind, ClockTime, Count, Day, Milliseconds, No, Percent, Slug, Time, Told, Yes
from broker import Mailbox
from engine.store.monitoring import DateInHand
from engine.sync import DateState, SyncStatus


class Error(Told):
    """Why a request was not carried out, and what to do about it."""

    code: Annotated[int, Field(ge=400, le=599)]
    """As in HTTP; also in the header Nats-Service-Error-Code."""
    reason: str
    """One word that a program can compare."""
    message: str
    retry_after_ms: Milliseconds | None = None
    """When it may be worth asking again."""


class Refusal(Told):
    """The reply to a request that is not carried out; never silence."""

    ok: No
    error: Error


class SyncReply(Told):
    """The sync is stored; what becomes of it are its events."""

    ok: Yes
    sync_id: UUID
    status: SyncStatus
    """in_progress or queued; of a repeated `request_id`, as it is now."""
    position: Count
    """In the clinic's queue; 0: it does not wait."""
    is_new: bool
    """false: an earlier request with this `request_id` started the sync."""
    events: str
    """The subject of its events."""


class CancelReply(Told):
    """It has ended; cancelling twice is the same answer."""

    ok: Yes
    sync_id: UUID
    status: Literal[SyncStatus.CANCELLED]


class DecisionReply(Told):
    """The removals that were held back are carried out (approved) or dropped (rejected)."""

    ok: Yes
    sync_id: UUID
    status: Literal["approved", "rejected"]
    removals: Count


class Schedule(Told):
    """When the clinic is synced by itself."""

    cron: str
    timezone: str
    words: str
    """The same in English."""
    days_ahead: Count
    paused: bool
    next: Time | None
    """null: paused, or never."""
    last_tick_at: Time | None
    """When it was due last."""
    last_outcome: Literal["started", "queued", "covered", "refused"] | None
    """What became of that; covered: a sync ran or waited already that did what was due."""
    last_sync_id: UUID | None
    last_refusal: str | None


class Clinic(Told):
    """A clinic, and how fresh its data is."""

    id: UUID
    slug: Slug
    name: str
    timezone: str
    """An IANA name."""
    login_failure: str | None
    """Why the portal does not let it in; null: nothing is known to be wrong."""
    last_completed_at: Time | None
    """null: never synced."""
    fresh_as_of: Time | None
    """When the oldest open date of the last completed sync's range was last read; null: one never was."""
    max_age_seconds: Count | None
    """Its goal: how old its data may become; null: it has none."""
    is_fresh: bool | None
    """Whether the goal is met."""
    schedule: Schedule | None
    """null: it is synced only when somebody asks."""


class ClinicStatus(Clinic):
    """A clinic as `status` tells it."""

    last_completed_sync: UUID | None
    last_was_partial: bool | None
    age_seconds: float | None


class ClinicRow(Clinic):
    """A clinic as `overview` tells it."""

    country: str
    has_credentials: bool
    last_partial: bool | None
    last_ended_status: SyncStatus | None
    """How its last sync ended, dry runs left out; null: none has."""
    last_ended_message: str | None
    """Why it did not complete."""
    removals_held: Count
    appointments: Count


class Sync(Told):
    """A sync as stored."""

    sync_id: UUID
    clinic: Slug
    start_date: Day
    end_date: Day
    """Inclusive."""
    status: SyncStatus
    position: Count
    progress_percentage: Percent
    dates_total: Count
    dates_done: Count
    failed_dates: list[Day]
    partial_success: bool
    removals_held: Count
    error_message: str | None
    error_details: list[DateError] | None
    created_at: Time
    started_at: Time | None
    completed_at: Time | None
    deadline_at: Time | None
    """When it is ended by `SYNC_TIMEOUT_MS`."""
    heartbeat_at: Time | None
    """Its last sign of life."""
    duration_ms: Milliseconds | None
    dry_run: bool
    changes_planned: Count | None
    """Of a dry run that has ended; ask `plan` for them."""
    stats: Stats
    warnings: list[Warned]
    """What it could not read or use; until it ends, only what concerns the sync as a whole."""
    dates: list[DateState] | None = None
    """In working order; only where one sync was asked for."""


class StatusReply(Told):
    """A sync, or the clinic's latest one (null: it never had one)."""

    ok: Yes
    clinic: ClinicStatus
    sync: Sync | None


class EventsReply(Told):
    """Events of the sync, in order; at most 1000, so ask again after the last one."""

    ok: Yes
    sync_id: UUID
    status: SyncStatus
    events: list[AnySyncEvent]


class PlannedPlace(Told):
    """When an appointment is, and its state."""

    date: Day
    start_time: ClockTime
    end_time: ClockTime
    status: str


class PlannedChange(Told):
    """What a dry run would have done to an appointment."""

    kind: ChangeKind
    neo_appointment_id: str
    before: PlannedPlace | None
    after: PlannedPlace | None


class PlanReply(Told):
    """A page of the plan: at most 500 changes."""

    ok: Yes
    sync_id: UUID
    total: Count
    plan: list[PlannedChange]


class Budget(Told):
    """The calls to the portal that all machines share."""

    rate: float
    """Calls a second that are allowed now."""
    limit: float
    """`IDEXX_RATE_LIMIT`."""
    burst: float
    paused_for: float
    """Seconds; after a 429."""


class OverviewReply(Told):
    """A clinic with its syncs; of `_all`, every clinic, and what they share."""

    ok: Yes
    at: Time
    clinics: list[ClinicRow]
    syncs: list[Sync]
    """Those that run or wait, and the latest 30 others; the newest first."""
    in_hand: list[DateInHand]
    mailboxes: list[Mailbox] | None = None
    """Only of `_all`."""
    budget: Budget | None = None
    """Only of `_all`."""
    breaker: Literal["closed", "open", "half_open"] | None = None
    """Only of `_all`."""
