"""The dates that a worker holds: claim, heartbeats, snapshot, retry.

A worker that claims a date gets a `Claim`; everything it writes afterwards names the claim's token. Once another
worker has the date, or its sync has ended, those writes change nothing and return that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from engine.events import Event
from engine.failure import Failure
from engine.snapshot import Snapshot
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs import events
from engine.store.syncs.snapshots import to_columns
from engine.sync import DateStatus, date_sources

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


async def claim(
    connection: Connection,
    sync_id: UUID,
    first_date: date,
    dates: Sequence[date],
    worker: str,
    silent_after: float,
) -> list[Claim]:
    """Claims for `worker` the free dates of the span. The sync must be locked and in progress."""
    rows = await connection.fetch(SQL["claim_dates"], sync_id, first_date, dates, worker, silent_after)
    claims = [
        Claim(
            sync_id,
            row["date"],
            row["claim"],
            row["attempts"],
            row["position"],
            row["claimed_at"],
            row["started_at"],
        )
        for row in sorted(rows, key=lambda row: row["date"])
    ]
    started = [{"date": each.date.isoformat(), "attempt": each.attempt} for each in claims]
    await events.record_all(connection, sync_id, Event.DATE_STARTED, started)
    return claims


async def statuses(
    connection: Connection, sync_id: UUID, first_date: date, dates: Sequence[date]
) -> Mapping[date, DateStatus]:
    """The states of a span's dates; one that is `scraping` and could not be claimed has a live worker."""
    rows = await connection.fetch(SQL["date_statuses"], sync_id, first_date, dates)
    return {row["date"]: DateStatus(row["status"]) for row in rows}


async def stored_counts(connection: Connection, clinic_id: UUID, dates: Sequence[date]) -> Mapping[date, int]:
    """The number of stored appointments of each of the dates that has any."""
    rows = await connection.fetch(SQL["count_stored"], clinic_id, dates)
    return {row["date"]: row["stored"] for row in rows}


async def has_completed(connection: Connection, clinic_id: UUID) -> bool:
    """Whether a sync of the clinic has ever completed, other than a dry run."""
    found: bool = await connection.fetchval(SQL["has_completed"], clinic_id)
    return found


async def leave(
    connection: Connection, sync_id: UUID, first_date: date, dates: Sequence[date], failure: Failure, delay: float
) -> bool:
    """Records why a worker does not take the waiting dates of a span. False if none of them waits.

    A reason is recorded as an event once; the dates' attempts do not change.
    """
    rows = await connection.fetch(
        SQL["leave_dates"], sync_id, first_date, dates, failure.reason, failure.message, delay
    )
    for row in rows:
        if row["is_news"]:
            await events.record(
                connection,
                sync_id,
                Event.DATE_RETRYING,
                row["date"],
                attempt=row["attempts"],
                reason=failure.reason,
                message=failure.message,
                next_try_at=row["next_try_at"].isoformat(),
            )
    return bool(rows)


async def keep_alive(connection: Connection, tokens: Sequence[UUID]) -> set[UUID]:
    """Sends a heartbeat for the dates with these claims, and for their syncs. Returns the valid claims."""
    return {row["claim"] for row in await connection.fetch(SQL["keep_alive"], tokens)}


async def running_of(connection: Connection, sync_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these syncs that are in progress."""
    return {row["id"] for row in await connection.fetch(SQL["running_of"], sync_ids)}


async def save_snapshots(
    connection: Connection, clinic_id: UUID, claims: Sequence[Claim], snapshots: Mapping[date, Snapshot]
) -> list[date]:
    """Stores the snapshots of claimed dates, which are `scraped` then.

    Returns the stored dates; without those whose claim no longer holds the date.
    """
    seen = [(each, snapshots[each.date]) for each in claims if each.date in snapshots]
    if not seen:
        return []
    columns = [to_columns(snapshot) for _, snapshot in seen]
    rows = await connection.fetch(
        SQL["save_snapshots"],
        clinic_id,
        seen[0][0].sync_id,
        date_sources(DateStatus.SCRAPED),
        [each.date for each, _ in seen],
        [each.token for each, _ in seen],
        [snapshot.scraped_at for _, snapshot in seen],
        [each.appointments for each in columns],
        [each.proof for each in columns],
        [each.warnings for each in columns],
        [each.left_out for each in columns],
        [each.appointment_references for each in columns],
    )
    return sorted(row["date"] for row in rows)


async def any_waiting(connection: Connection, sync_id: UUID) -> bool:
    """Whether a date of the sync waits to be sent to a DateScraper."""
    waits: bool = await connection.fetchval(SQL["any_waiting"], sync_id)
    return waits


async def retry(
    connection: Connection, claim: Claim, failure: Failure, delay: float, *, counted: bool = True
) -> bool:
    """Lets the date wait `delay` seconds for its next try; `counted` False does not count this attempt."""
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
        failure.was_asked,
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
