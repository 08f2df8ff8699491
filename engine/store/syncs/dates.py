"""The dates of a sync: sent out, claimed, seen, reconciled, failed.

A worker that claims a date gets a `Claim`; everything it writes afterwards names the claim's token. Once the
date has gone to someone else, or its sync has ended, those writes change nothing and answer so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.appointment import Appointment
from engine.events import Event
from engine.failure import Failure
from engine.snapshot import Proof, Snapshot
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs import events
from engine.store.syncs.lifecycle import refresh_progress
from engine.sync import DateState, DateStatus, date_sources

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to scrape one date. `claimed_at` is the database's clock: one clock orders all scrapes.

    `first_tried_at` is when the date's first try began, by the same clock.
    """

    sync_id: UUID
    date: date
    token: UUID
    attempt: int
    position: int
    claimed_at: datetime
    first_tried_at: datetime

    @property
    def elapsed(self) -> float:
        """Seconds since the date's first try."""
        return (self.claimed_at - self.first_tried_at).total_seconds()


async def dates_of(connection: Connection, sync_id: UUID) -> list[DateState]:
    """All dates of the sync, in working order."""
    rows = await connection.fetch(SQL["dates_of"], sync_id)
    return [DateState(**dict(row) | {"status": DateStatus(row["status"])}) for row in rows]


async def dispatch(connection: Connection, sync_id: UUID, dates: Sequence[date]) -> None:
    """Marks that these dates are being sent to a DateScraper."""
    await connection.execute(SQL["dispatch_dates"], sync_id, dates)


async def recall_stale(connection: Connection, sync_id: UUID, silent_after: float) -> list[date]:
    """Takes back the dates whose worker has given no sign of life for `silent_after` seconds."""
    return [row["date"] for row in await connection.fetch(SQL["recall_stale_dates"], sync_id, silent_after)]


async def claim(
    connection: Connection, sync_id: UUID, day: date, worker: str, silent_after: float
) -> Claim | DateStatus | None:
    """Takes the date for `worker`. The sync must be locked and in progress.

    If it can't be taken, answers the state in which it is: `scraping` means that a live worker has it.
    None: the sync has no such date.
    """
    row = await connection.fetchrow(SQL["claim_date"], sync_id, day, worker, silent_after)
    if row is None:
        status = await connection.fetchval(SQL["date_status"], sync_id, day)
        return None if status is None else DateStatus(status)
    await events.record(connection, sync_id, Event.DATE_STARTED, day, attempt=row["attempts"])
    return Claim(
        sync_id, day, row["claim"], row["attempts"], row["position"], row["claimed_at"], row["started_at"]
    )


async def stored_counts(connection: Connection, clinic_id: UUID, dates: Sequence[date]) -> Mapping[date, int]:
    """How many appointments the database holds on each of the dates that has any."""
    rows = await connection.fetch(SQL["count_stored"], clinic_id, dates)
    return {row["date"]: row["stored"] for row in rows}


async def keep_alive(connection: Connection, tokens: Sequence[UUID]) -> set[UUID]:
    """A sign of life for the dates with these claims, and for their syncs. Answers the claims that still hold."""
    return {row["claim"] for row in await connection.fetch(SQL["keep_alive"], tokens)}


async def save_snapshot(connection: Connection, clinic_id: UUID, claim: Claim, snapshot: Snapshot) -> bool:
    """Stores what was seen; the date is `scraped`. False if the claim is no longer the date's."""
    saved = await connection.fetchval(
        SQL["save_snapshot"],
        claim.sync_id,
        claim.date,
        claim.token,
        date_sources(DateStatus.SCRAPED),
        clinic_id,
        snapshot.scraped_at,
        json.dumps([appointment.to_json() for appointment in snapshot.appointments]),
        json.dumps(asdict(snapshot.proof), default=str),
    )
    return saved is not None


async def load_snapshot(connection: Connection, sync_id: UUID, day: date) -> Snapshot | None:
    """What waits to be reconciled; None if the date is not in state `scraped`."""
    row = await connection.fetchrow(SQL["load_snapshot"], sync_id, day)
    if row is None or row["status"] != DateStatus.SCRAPED:
        return None
    appointments = tuple(Appointment.from_json(record) for record in json.loads(row["appointments"]))
    return Snapshot(day, row["scraped_at"], appointments, _proof(json.loads(row["proof"])))


async def retry(
    connection: Connection, claim: Claim, failure: Failure, delay: float, *, counted: bool = True
) -> bool:
    """The date waits `delay` seconds for its next try; `counted` False does not count this attempt."""
    row = await connection.fetchrow(
        SQL["retry_date"],
        claim.sync_id,
        claim.date,
        claim.token,
        date_sources(DateStatus.PENDING),
        failure.reason,
        failure.message,
        delay,
        0 if counted else 1,
    )
    if row is None:
        return False
    await events.record(
        connection,
        claim.sync_id,
        Event.DATE_RETRYING,
        claim.date,
        attempt=claim.attempt,
        reason=failure.reason,
        message=failure.message,
        next_try_at=row["next_try_at"].isoformat(),
    )
    return True


async def fail(
    connection: Connection, sync_id: UUID, day: date, failure: Failure, token: UUID | None = None
) -> bool:
    """Gives the date up for good. Without a `token`, whoever holds it. False if it was closed before."""
    row = await connection.fetchrow(
        SQL["fail_date"], sync_id, day, token, date_sources(DateStatus.FAILED), failure.reason, failure.message
    )
    if row is None:
        return False
    await refresh_progress(connection, sync_id, day)
    await events.record(
        connection,
        sync_id,
        Event.DATE_FAILED,
        day,
        attempt=row["attempts"],
        reason=failure.reason,
        message=failure.message,
        duration_ms=row["duration_ms"],
    )
    return True


async def complete(
    connection: Connection, sync_id: UUID, day: date, *, added: int, updated: int, unchanged: int
) -> bool:
    """The date is reconciled. Removals are not told here: they are decided once, when the sync ends."""
    row = await connection.fetchrow(
        SQL["complete_date"], sync_id, day, date_sources(DateStatus.RECONCILED), added, updated, unchanged
    )
    if row is None:
        return False
    await refresh_progress(connection, sync_id, day)
    await events.record(
        connection,
        sync_id,
        Event.DATE_COMPLETED,
        day,
        attempt=row["attempts"],
        duration_ms=row["duration_ms"],
        added=added,
        updated=updated,
        removed=0,
        unchanged=unchanged,
    )
    return True


async def record_removals(connection: Connection, sync_id: UUID, removed: Mapping[date, int]) -> None:
    await connection.execute(SQL["record_removals"], sync_id, list(removed), list(removed.values()))


def _proof(record: dict[str, Any]) -> Proof:
    return Proof(
        **record
        | {
            "asked_from": date.fromisoformat(record["asked_from"]),
            "asked_to": date.fromisoformat(record["asked_to"]),
        }
    )
