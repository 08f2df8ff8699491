"""The life of a sync and of its dates: every state and every move, once.

    queued ──► in_progress ──► completed | failed | cancelled | timed_out
      └──────────────────────► cancelled

    pending ──► scraping ──► scraped ──► reconciled
       ▲           │            │
       └── retry ──┴────────────┴──────► failed

`engine.store.syncs` is the only place that writes a state, always with the states of `SYNC_MOVES` or
`DATE_MOVES` from which it may come in its `where`. Everything else asks here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from engine.dates import DateRange
from engine.errors import QueueFull
from engine.failure import FATAL_FOR_SYNC


class SyncStatus(StrEnum):
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def is_final(self) -> bool:
        return self not in SYNC_MOVES


class DateStatus(StrEnum):
    PENDING = "pending"
    SCRAPING = "scraping"
    SCRAPED = "scraped"
    RECONCILED = "reconciled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self not in DATE_MOVES


#: Where a sync may go from each state; a state that is missing here is final.
SYNC_MOVES: dict[SyncStatus, frozenset[SyncStatus]] = {
    SyncStatus.QUEUED: frozenset({SyncStatus.IN_PROGRESS, SyncStatus.CANCELLED}),
    SyncStatus.IN_PROGRESS: frozenset(
        {SyncStatus.COMPLETED, SyncStatus.FAILED, SyncStatus.CANCELLED, SyncStatus.TIMED_OUT}
    ),
}

#: The same for a date. Back to `pending` is a retry; `scraping` to `scraping` is a takeover from a dead worker.
DATE_MOVES: dict[DateStatus, frozenset[DateStatus]] = {
    DateStatus.PENDING: frozenset({DateStatus.SCRAPING, DateStatus.FAILED}),
    DateStatus.SCRAPING: frozenset(
        {DateStatus.SCRAPING, DateStatus.SCRAPED, DateStatus.PENDING, DateStatus.FAILED}
    ),
    DateStatus.SCRAPED: frozenset({DateStatus.RECONCILED, DateStatus.FAILED}),
}


def sources(target: SyncStatus) -> list[str]:
    """The states from which a sync may go to `target`: for the `where` of the statement that moves it."""
    return [state.value for state, targets in SYNC_MOVES.items() if target in targets]


def date_sources(target: DateStatus) -> list[str]:
    return [state.value for state, targets in DATE_MOVES.items() if target in targets]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one clinic may go on at once, and for how long. Times in seconds."""

    concurrent_syncs: int = 2
    queued_syncs: int = 10
    dates_in_flight: int = 3
    sync_timeout: float = 300.0
    stale_after: float = 600.0
    #: A worker tells of each date it holds every `date_heartbeat`; silent for longer, it has lost the date.
    date_heartbeat: float = 2.0
    date_silent_after: float = 6.0
    #: A running sync that gives no sign of life for this long is looked at by whoever sweeps.
    silent_after: float = 8.0
    #: A date that was sent and that nobody took is sent again; the broker drops the repeated message.
    resend_after: float = 1.0


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """A well-formed request, with its dates resolved in the clinic's zone."""

    clinic_id: UUID
    dates: DateRange
    request_id: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync as stored: the row of `schedule_syncs`, with the clinic's slug."""

    id: UUID
    clinic_id: UUID
    clinic: str
    dates: DateRange
    status: SyncStatus
    dates_total: int = 0
    dates_done: int = 0
    failed_dates: tuple[str, ...] = ()
    partial_success: bool = False
    removals_held: int = 0
    progress_percentage: int = 0
    error_message: str | None = None
    error_details: Any = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    deadline_at: datetime | None = None
    created_at: datetime | None = None
    heartbeat_at: datetime | None = None
    duration_ms: int | None = None
    dry_run: bool = False
    stats: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DateState:
    """One date of a sync, as stored in `schedule_sync_dates`."""

    date: date
    status: DateStatus
    position: int
    attempts: int = 0
    reason: str | None = None
    message: str | None = None
    dispatches: int = 0
    dispatched_at: datetime | None = None
    next_try_at: datetime | None = None
    heartbeat_at: datetime | None = None
    worker: str | None = None


@dataclass(frozen=True, slots=True)
class Crowd:
    """How busy a clinic is: syncs that run and that wait; what a sync of it takes, and how long the oldest one
    has been running, in seconds (None: nothing known)."""

    running: int
    queued: int
    typical: float | None = None
    oldest: float | None = None


#: What a sync is assumed to take, in seconds, while nothing is known of the clinic's syncs.
TYPICAL_SYNC_SECONDS = 30.0


def check_admission(crowd: Crowd, limits: Limits) -> None:
    """Raises `QueueFull` if one more sync may neither run nor wait."""
    if crowd.running < limits.concurrent_syncs or crowd.queued < limits.queued_syncs:
        return
    typical = crowd.typical or TYPICAL_SYNC_SECONDS
    until_a_place_is_free = max(typical - (crowd.oldest or 0.0), 1.0)
    raise QueueFull(
        f"{crowd.running} syncs of this clinic run and {crowd.queued} wait, which is as many as may; "
        "try again later",
        retry_after_ms=round(until_a_place_is_free * 1000),
    )


def in_flight(dates: Sequence[DateState]) -> list[DateState]:
    """The dates that take a place: sent to a DateScraper, or being scraped, and not yet seen.

    A date that waits for its next try takes none, so that one bad date does not hold up the others.
    """
    return [
        state
        for state in dates
        if state.status is DateStatus.SCRAPING
        or (state.status is DateStatus.PENDING and state.dispatched_at is not None)
    ]


def next_dates(dates: Sequence[DateState], limit: int, now: datetime) -> list[DateState]:
    """What to send now: the first pending dates whose time has come, as far as `limit` leaves room."""
    room = limit - len(in_flight(dates))
    waiting = [
        state
        for state in dates
        if state.status is DateStatus.PENDING
        and state.dispatched_at is None
        and (state.next_try_at is None or state.next_try_at <= now)
    ]
    return sorted(waiting, key=lambda state: state.position)[: max(room, 0)]


def unclaimed(dates: Sequence[DateState], now: datetime, resend_after: float) -> list[DateState]:
    """Dates that nobody took for `resend_after` seconds after they were sent: perhaps the sender died first."""
    return [
        state
        for state in dates
        if state.status is DateStatus.PENDING
        and state.dispatched_at is not None
        and (now - state.dispatched_at).total_seconds() >= resend_after
    ]


def next_try(dates: Sequence[DateState]) -> datetime | None:
    """When the earliest of the dates that wait for another try is due."""
    return min(
        (s.next_try_at for s in dates if s.status is DateStatus.PENDING and s.next_try_at is not None),
        default=None,
    )


def outcome(dates: Sequence[DateState]) -> SyncStatus | None:
    """How a sync ends whose dates are these; None while one of them is still open.

    A failure that makes all other dates pointless ends it at once.
    """
    if any(state.status is DateStatus.FAILED and state.reason in FATAL_FOR_SYNC for state in dates):
        return SyncStatus.FAILED
    if any(not state.status.is_final for state in dates):
        return None
    if dates and all(state.status is DateStatus.FAILED for state in dates):
        return SyncStatus.FAILED
    return SyncStatus.COMPLETED
