"""The replies to requests on `idexx.cmd.>`: one model for each command, and the refusal."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from actors.spec.attention import AttentionItem
from actors.spec.clinics import ClinicRow, ClinicStatus
from actors.spec.events import AnySyncEvent, DateError, Stats, Warned
from actors.spec.values import (
    ChangeKind,
    ClockTime,
    Count,
    Day,
    Milliseconds,
    No,
    Percent,
    SentMessage,
    Slug,
    Time,
    Yes,
)
from broker import Mailbox
from engine.store.monitoring import DateInHand
from engine.sync import DateState, SyncStatus


class Error(SentMessage):
    """Why a request was refused, and the next step."""

    code: Annotated[int, Field(ge=400, le=599)]
    """An HTTP status; also in the header Nats-Service-Error-Code."""
    reason: str
    """A constant that programs can compare."""
    message: str
    retry_after_ms: Milliseconds | None = None
    """When to retry, in milliseconds."""


class Refusal(SentMessage):
    """The reply to a refused request. Every refused request gets one."""

    ok: No
    error: Error


class SyncReply(SentMessage):
    """The sync has been stored; its progress is published as events."""

    ok: Yes
    sync_id: UUID
    status: SyncStatus
    """in_progress or queued; for a repeated `request_id`, the current status."""
    position: Count
    """Position in the clinic's queue; 0: not queued."""
    is_new: bool
    """false: an earlier request with this `request_id` started the sync."""
    events: str
    """The subject of the sync's events."""


class CancelReply(SentMessage):
    """The sync has been cancelled. Cancelling it again returns the same reply."""

    ok: Yes
    sync_id: UUID
    status: Literal[SyncStatus.CANCELLED]


class DecisionReply(SentMessage):
    """The held removals were carried out (approved) or dropped (rejected)."""

    ok: Yes
    sync_id: UUID
    status: Literal["approved", "rejected"]
    removals: Count


class Sync(SentMessage):
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
    """When `SYNC_TIMEOUT_MS` ends it."""
    heartbeat_at: Time | None
    """Time of the last heartbeat."""
    duration_ms: Milliseconds | None
    dry_run: bool
    changes_planned: Count | None
    """The number of planned changes of a completed dry run; `plan` returns them."""
    stats: Stats
    warnings: list[Warned]
    """Data that the sync could not read or use; while it runs, only warnings about the sync as a whole."""
    dates: list[DateState] | None = None
    """In the order of work; only if the request names one sync."""


class StatusReply(SentMessage):
    """A sync, or the clinic's latest one (null: it has none)."""

    ok: Yes
    clinic: ClinicStatus
    sync: Sync | None


class EventsReply(SentMessage):
    """Events of the sync, in order; at most 1000. For more, request those after the last one."""

    ok: Yes
    sync_id: UUID
    status: SyncStatus
    events: list[AnySyncEvent]


class PlannedPlace(SentMessage):
    """Time and status of an appointment before or after a planned change."""

    date: Day
    start_time: ClockTime
    end_time: ClockTime
    status: str


class PlannedChange(SentMessage):
    """A change to an appointment that a dry run would have made."""

    kind: ChangeKind
    neo_appointment_id: str
    before: PlannedPlace | None
    after: PlannedPlace | None


class PlanReply(SentMessage):
    """A page of the plan: at most 500 changes."""

    ok: Yes
    sync_id: UUID
    total: Count
    plan: list[PlannedChange]


class Budget(SentMessage):
    """The rate limit of calls to the portal that all machines share."""

    rate: float
    """Calls per second that are currently allowed."""
    limit: float
    """`IDEXX_RATE_LIMIT`."""
    burst: float
    paused_for: float
    """Remaining pause in seconds, after a 429."""


class PortalState(Budget):
    """The shared limits of one portal."""

    portal: str
    """Its host."""
    breaker: Literal["closed", "open", "half_open"]


class OverviewReply(SentMessage):
    """A clinic with its syncs; for `_all`, all clinics and what they share."""

    ok: Yes
    at: Time
    clinics: list[ClinicRow]
    syncs: list[Sync]
    """All queued and running syncs and the latest 30 others, newest first."""
    in_hand: list[DateInHand]
    attention: list[AttentionItem]
    """What needs a person: for `_all` first of the installation; then by weight, the oldest first."""
    mailboxes: list[Mailbox] | None = None
    """Only for `_all`."""
    budget: Budget | None = None
    """The default portal's. Only for `_all`."""
    breaker: Literal["closed", "open", "half_open"] | None = None
    """The default portal's. Only for `_all`."""
    portals: list[PortalState] | None = None
    """The limits of the default portal, then those of the clinics' own. Only for `_all`."""
