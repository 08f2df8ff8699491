"""Figures about all clinics for monitoring: counts and times, no personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.store.database import Connection
from engine.store.queries import Queries
from engine.sync import Day

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class SyncFigures:
    """`silence` is how long the most silent running sync has sent no heartbeat, in seconds."""

    running: int
    queued: int
    silence: float


@dataclass(frozen=True, slots=True)
class ClinicFigures:
    """Figures of one clinic.

    `last_success` in unix seconds, 0.0: never. `fresh_as_of`: when the oldest open date of that sync was last
    read, 0.0: one never was. `max_age_seconds` is its freshness goal, None: it has none. `running_seconds`: since
    its oldest running sync was started, 0.0: none runs. `failing`: the reason for which its last sync failed or
    left dates out, None: it did not.
    """

    slug: str
    last_success: float
    fresh_as_of: float
    login_rejected: bool
    max_age_seconds: int | None
    removals_held: int
    running_seconds: float
    failing: str | None


@dataclass(frozen=True, slots=True)
class DateInHand:
    """A date that a worker holds, and its last heartbeat."""

    worker: str
    clinic: str
    sync_id: UUID
    date: Day
    attempts: int
    heartbeat_at: datetime | None


async def sync_figures(connection: Connection) -> SyncFigures:
    row = await connection.fetchrow(SQL["sync_figures"])
    assert row is not None  # an aggregate always returns a row  # noqa: S101
    return SyncFigures(row["running"], row["queued"], row["silence_seconds"])


async def clinic_figures(connection: Connection) -> list[ClinicFigures]:
    """The figures of the clinics with credentials: others cannot be synced."""
    return [ClinicFigures(**row) for row in await connection.fetch(SQL["clinic_figures"])]


async def claimed_dates(connection: Connection) -> list[DateInHand]:
    """The dates that workers hold, ordered by worker."""
    return [DateInHand(**row) for row in await connection.fetch(SQL["claimed_dates"])]
