"""The DateScraper's step: claim a date, look at it in the portal, store what was seen.

What the portal does is a value: a `Snapshot`, or a `Failure` from which the retry table makes a decision.
Nothing of the portal's is ever an exception here, and nothing but a complete snapshot is ever stored.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING
from uuid import UUID

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.errors import NoCredentials
from engine.failure import Failure, Reason
from engine.retry import decide
from engine.schedule import ScheduleConfig
from engine.snapshot import Snapshot
from engine.store.clinics import find_clinic, get_credentials, mark_login_failure
from engine.store.database import Connection, Database
from engine.store.reconciling import save_schedule_config
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.lifecycle import lock_sync
from engine.store.vault import Vault, VaultError
from engine.sync import DateStatus, Limits, Sync, SyncStatus

if TYPE_CHECKING:  # Playwright is heavy, and only a DateScraper's process needs it
    from engine.portal import EvidenceSink, Portal


class Next(Enum):
    """What is to be sent after a step."""

    RECONCILE = auto()
    COORDINATE = auto()
    #: Another worker has the date and gives signs of life: ask again a little later.
    COME_BACK = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Done:
    """What a step has come to. `clinic_id` None: nothing was written."""

    next: Next
    clinic_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """What a DateScraper works with.

    `hold` keeps a claim alive while its body runs, and ends the body without an exception when the date is
    taken away. `chance` is uniform in [0, 1), for jitter. `evidence` keeps what is seen of a sync's failures.
    """

    database: Database
    portal: Portal
    vault: Vault
    worker: str
    limits: Limits
    hold: Callable[[sync_dates.Claim], AbstractAsyncContextManager[None, bool | None]]
    chance: Callable[[], float]
    evidence: Callable[[UUID], EvidenceSink]


@dataclass(frozen=True, slots=True)
class _Task:
    """Everything that is known before the portal is asked."""

    claim: sync_dates.Claim
    clinic: Clinic
    credentials: Credentials | Failure
    stored: Mapping[date, int]


async def scrape_date(desk: Desk, sync_id: UUID, day: date) -> Done:
    """One try at one date. Raises `Unavailable` if the database is away; then the message comes again."""
    task = await _claim(desk, sync_id, day)
    if isinstance(task, Next):
        return Done(task)
    after = Next.NOTHING
    async with desk.hold(task.claim):
        after = await _record(desk, task, *await _look(desk, task))
    return Done(after, task.clinic.id)


async def _claim(desk: Desk, sync_id: UUID, day: date) -> _Task | Next:
    async with desk.database.transaction() as connection:
        sync = await _running(connection, sync_id)
        if sync is None:
            return Next.NOTHING
        claim = await sync_dates.claim(connection, sync_id, day, desk.worker, desk.limits.date_silent_after)
        if not isinstance(claim, sync_dates.Claim):
            return _already(claim)
        clinic = await find_clinic(connection, str(sync.clinic_id))
        credentials = await _credentials(connection, desk.vault, clinic)
        stored = await sync_dates.stored_counts(connection, clinic.id, [day])
        return _Task(claim, clinic, credentials, stored)


async def _credentials(connection: Connection, vault: Vault, clinic: Clinic) -> Credentials | Failure:
    try:
        return await get_credentials(connection, vault, clinic)
    except (NoCredentials, VaultError) as error:
        return Failure(Reason.NO_CREDENTIALS, str(error))


def _already(status: DateStatus | None) -> Next:
    """What to do about a date that cannot be claimed: whatever its last step may have failed to send."""
    match status:
        case DateStatus.SCRAPING:
            return Next.COME_BACK
        case DateStatus.SCRAPED:
            return Next.RECONCILE
        case None:
            return Next.NOTHING
        case _:
            return Next.COORDINATE


async def _look(desk: Desk, task: _Task) -> tuple[Snapshot | Failure, ScheduleConfig | Failure | None]:
    """Asks the portal for the date; the first date of a sync asks for the clinic's configuration, too."""
    if isinstance(task.credentials, Failure):
        return task.credentials, None
    clinic, claim = task.clinic, task.claim
    scrape = desk.portal.scrape(
        clinic,
        task.credentials,
        DateRange(claim.date, claim.date),
        clock=database_clock(claim.claimed_at),
        stored=task.stored,
        evidence=desk.evidence(claim.sync_id),
    )
    if claim.position > 1:
        return (await scrape)[claim.date], None
    found, config = await asyncio.gather(scrape, desk.portal.schedule_config(clinic, task.credentials))
    return found[claim.date], config


def database_clock(read_at: datetime) -> Callable[[], datetime]:
    """Goes on from the database's time: one clock orders the scrapes of all machines."""
    begun = time.monotonic()
    return lambda: read_at + timedelta(seconds=time.monotonic() - begun)


async def _record(
    desk: Desk, task: _Task, found: Snapshot | Failure, config: ScheduleConfig | Failure | None
) -> Next:
    async with desk.database.transaction() as connection:
        if await _running(connection, task.claim.sync_id) is None:
            return Next.NOTHING
        if isinstance(config, ScheduleConfig):
            await save_schedule_config(connection, task.clinic.id, config)
        if isinstance(found, Snapshot):
            saved = await sync_dates.save_snapshot(connection, task.clinic.id, task.claim, found)
            return Next.RECONCILE if saved else Next.NOTHING
        await _record_failure(connection, desk, task, found)
        return Next.COORDINATE


async def _record_failure(connection: Connection, desk: Desk, task: _Task, failure: Failure) -> None:
    claim = task.claim
    if failure.is_fatal:
        await mark_login_failure(connection, task.clinic.id, failure.reason)
    decision = decide(failure, claim.attempt, desk.chance(), claim.elapsed)
    if decision.delay is None:
        await sync_dates.fail(connection, claim.sync_id, claim.date, failure, claim.token)
    else:
        await sync_dates.retry(connection, claim, failure, decision.delay, counted=decision.counted)


async def _running(connection: Connection, sync_id: UUID) -> Sync | None:
    """The sync, locked, if it is in progress: nothing is written for one that has ended."""
    sync = await lock_sync(connection, sync_id)
    return sync if sync is not None and sync.status is SyncStatus.IN_PROGRESS else None
