"""What those who watch over all clinics want to know: counts and times, nothing personal."""

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
    """`silence` is how long the most silent running sync has given no sign of life, in seconds."""

    running: int
    queued: int
    silence: float


@dataclass(frozen=True, slots=True)
class ClinicFigures:
    """`last_success` in unix seconds, 0.0: never. `fresh_as_of`: when the oldest open date of that sync was last read,
    0.0: one never was. `max_age_seconds` is its freshness goal, None: it has none.

    `running_seconds`: since its oldest running sync was started, 0.0: none runs. `failing`: the reason for which its
    last sync failed or left dates out, None: it did not.
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
    """A date that a worker holds, and its last sign of life."""

    worker: str
    clinic: str
    sync_id: UUID
    date: Day
    attempts: int
    heartbeat_at: datetime | None


async def sync_figures(connection: Connection) -> SyncFigures:
    row = await connection.fetchrow(SQL["sync_figures"])
    assert row is not None  # an aggregate always answers  # noqa: S101
    return SyncFigures(row["running"], row["queued"], row["silence_seconds"])


async def clinic_figures(connection: Connection) -> list[ClinicFigures]:
    """Of the clinics that have credentials: the others are not to be synced."""
    return [ClinicFigures(**row) for row in await connection.fetch(SQL["clinic_figures"])]


async def claimed_dates(connection: Connection) -> list[DateInHand]:
    """By worker."""
    return [DateInHand(**row) for row in await connection.fetch(SQL["claimed_dates"])]
