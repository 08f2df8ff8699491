"""The states of a sync and of its dates, and every allowed transition.

    queued ──► in_progress ──► completed | failed | cancelled | timed_out
      └──────────────────────► cancelled

    pending ──► scraping ──► scraped ──► reconciled
       ▲           │            │            │
       ├── retry ──┴────────────┴──► failed  │
       └── second look (before a removal) ───┘

Only `engine.store.syncs` writes a state, always with the allowed source states of `SYNC_MOVES` or `DATE_MOVES` in
its `where`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from engine.dates import DateRange
from engine.warnings import SyncWarning

#: The longest span of days in one calendar call: ranges of 15 days are known to work, 60 are not.
MAX_SPAN_DAYS = 15

#: A calendar day, for classes with a field called `date`.
Day: TypeAlias = date


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
    def is_closed(self) -> bool:
        """Whether nothing is left to do, unless a removal asks for a second look."""
        return self in (DateStatus.RECONCILED, DateStatus.FAILED)


#: Target states of a sync from each state; a state that is missing here is final.
SYNC_MOVES: dict[SyncStatus, frozenset[SyncStatus]] = {
    SyncStatus.QUEUED: frozenset({SyncStatus.IN_PROGRESS, SyncStatus.CANCELLED}),
    SyncStatus.IN_PROGRESS: frozenset(
        {SyncStatus.COMPLETED, SyncStatus.FAILED, SyncStatus.CANCELLED, SyncStatus.TIMED_OUT}
    ),
}

#: The same for a date. Back to `pending` is a retry; `scraping` to `scraping` is a takeover from a dead worker. A
#: date whose second look is cut off by the sync's end stays `reconciled`.
DATE_MOVES: dict[DateStatus, frozenset[DateStatus]] = {
    DateStatus.PENDING: frozenset({DateStatus.SCRAPING, DateStatus.RECONCILED, DateStatus.FAILED}),
    DateStatus.SCRAPING: frozenset(
        {
            DateStatus.SCRAPING,
            DateStatus.SCRAPED,
            DateStatus.PENDING,
            DateStatus.RECONCILED,
            DateStatus.FAILED,
        }
    ),
    DateStatus.SCRAPED: frozenset({DateStatus.RECONCILED, DateStatus.FAILED}),
    DateStatus.RECONCILED: frozenset({DateStatus.PENDING}),
}


def sources(target: SyncStatus) -> list[str]:
    """The states from which a sync may go to `target`: for the `where` of the statement that moves it."""
    return [state.value for state, targets in SYNC_MOVES.items() if target in targets]


def date_sources(target: DateStatus) -> list[str]:
    return [state.value for state, targets in DATE_MOVES.items() if target in targets]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one clinic's concurrent work and of its duration. Times in seconds."""

    concurrent_syncs: int = 2
    queued_syncs: int = 10
    #: Concurrent calls for dates of one sync; each is for one date, or for a span of neighboring ones.
    calls_in_flight: int = 3
    span_days: int = 7
    #: Calls of a sync beyond the first for each span.
    extra_calls: int = 200
    #: A configuration that was read completely is read again after this.
    config_max_age: float = 86_400.0
    sync_timeout: float = 300.0
    stale_after: float = 600.0
    #: A worker sends a heartbeat for each held date every `date_heartbeat`; silent for longer than
    #: `date_silent_after`, it has lost the date.
    date_heartbeat: float = 2.0
    date_silent_after: float = 6.0
    #: A running sync that is silent for this long is taken up by a sweep.
    silent_after: float = 8.0
    #: A date that was sent and not claimed for this long is sent again; the broker drops the repeated message.
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
    #: What a dry run would have done.
    plan: list[dict[str, Any]] | None = None
    stats: dict[str, int] = field(default_factory=dict)
    #: All warnings once the sync has ended; before, those of the sync as a whole.
    warnings: tuple[SyncWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class DateState:
    """One date of a sync, as stored in `schedule_sync_dates`."""

    date: Day
    status: DateStatus
    position: int
    attempts: int = 0
    reason: str | None = None
    message: str | None = None
    dispatches: int = 0
    dispatched_at: datetime | None = None
    lead: Day | None = None
    next_try_at: datetime | None = None
    heartbeat_at: datetime | None = None
    worker: str | None = None
    second_look: bool = False
    #: Of its newest complete scrape.
    warnings: tuple[SyncWarning, ...] = ()
