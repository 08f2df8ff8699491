"""The DateScraper's step: claims dates, scrapes them, and stores the result.

Each portal result is a value: a `Snapshot`, or a `Failure` on which the retry table decides. The portal raises no
exception here, and only complete snapshots are stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from engine.calendar_source import CalendarSource
from engine.clinic import Clinic
from engine.config_reading import ConfigOutcome, ConfigReading
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.errors import NoCredentials
from engine.evidence import EvidenceSink
from engine.failure import Failure, Reason
from engine.retry import decide
from engine.schedule import ScheduleConfig
from engine.snapshot import Snapshot
from engine.store.clinics import find_clinic, get_credentials, mark_login_failure
from engine.store.clinics.unknown_fields import warn_of_new_fields
from engine.store.database import Connection, Database
from engine.store.reconciling import load_schedule_config, repeating_ids, save_config_reading
from engine.store.syncs.admission import lock_clinic_row
from engine.store.syncs.claims import (
    Claim,
    claim,
    has_completed,
    leave,
    retry,
    save_snapshot,
    statuses,
    stored_counts,
)
from engine.store.syncs.configuration import config_outcome, record_config_outcome
from engine.store.syncs.dates import fail
from engine.store.syncs.lifecycle import lock_sync
from engine.store.vault import Vault, WrongKey
from engine.sync import DateStatus, Limits, Sync, SyncStatus
from engine.task_group import task_group

#: Delay before a span that a worker has left, because it lacks the key, is taken again, in seconds.
LEFT_FOR = 1.0

#: The result of each requested date.
Found: TypeAlias = Mapping[date, Snapshot | Failure]


@dataclass(frozen=True, slots=True)
class ScrapeResult:
    """Result of a scrape: the messages to send next.

    `reconcile`: dates for the Reconciler; `coordinate`: notify the Coordinator; `retry_later`: send the same
    message a little later, because a live worker has some of the dates. `clinic_id` None: nothing was written.
    `wrong_key`: this worker's keys do not open the clinic's credentials, so it has left the dates to another
    worker.
    """

    clinic_id: UUID | None = None
    reconcile: Sequence[date] = ()
    coordinate: bool = False
    retry_later: bool = False
    wrong_key: str | None = None


@dataclass(frozen=True, slots=True)
class ScrapeContext:
    """The dependencies of a scrape.

    `hold` keeps claims alive while its body runs, and ends the body without an exception when one of them is lost.
    `jitter` is uniform in [0, 1). `evidence` stores what was seen of a sync's failures.
    """

    database: Database
    portal: CalendarSource
    vault: Vault
    worker: str
    limits: Limits
    hold: Callable[[Sequence[Claim]], AbstractAsyncContextManager[None, bool | None]]
    jitter: Callable[[], float]
    evidence: Callable[[UUID], EvidenceSink]


@dataclass(slots=True)
class _Hours:
    """The opening hours as known at the moment: stored, then read by this sync."""

    config: ScheduleConfig

    def is_open(self, day: date) -> bool:
        """True if that is unknown."""
        return self.config.is_open_on(day) is not False


@dataclass(frozen=True, slots=True)
class _Task:
    """Everything that is known before the portal is asked. `claims` are of neighboring dates.

    `asks_config`: the clinic's configuration is requested as well.
    """

    claims: Sequence[Claim]
    clinic: Clinic
    credentials: Credentials | Failure
    stored: Mapping[date, int]
    hours: _Hours
    repeating: Collection[str]
    is_first: bool
    asks_config: bool

    @property
    def sync_id(self) -> UUID:
        return self.claims[0].sync_id

    @property
    def dates(self) -> DateRange:
        return DateRange(self.claims[0].date, self.claims[-1].date)


async def scrape_dates(context: ScrapeContext, sync_id: UUID, lead: date, days: int = 1) -> ScrapeResult:
    """Scrapes a span of `days` dates from `lead` on once, in as few calls as the portal allows.

    Raises `Unavailable` if the database is unreachable; then the message is delivered again.
    """
    task = await _claim(context, sync_id, lead, days)
    if isinstance(task, ScrapeResult):
        return task
    looked = None
    async with context.hold(task.claims):
        looked = await _look(context, task)
    # Stop the heartbeat first: a cancel between COMMIT and send would lose the follow-up messages.
    return ScrapeResult(task.clinic.id) if looked is None else await _record(context, task, *looked)


async def _claim(context: ScrapeContext, sync_id: UUID, lead: date, days: int) -> _Task | ScrapeResult:
    dates = [lead + timedelta(days=n) for n in range(days)]
    async with context.database.transaction() as connection:
        sync = await _running(connection, sync_id)
        if sync is None:
            return ScrapeResult()
        clinic = await find_clinic(connection, str(sync.clinic_id))
        try:
            credentials = await _credentials(connection, context.vault, clinic)
        except WrongKey as error:
            return await _leave(connection, sync, lead, dates, Failure(Reason.WRONG_ENCRYPTION_KEY, str(error)))
        claims = await claim(connection, sync_id, lead, dates, context.worker, context.limits.date_silent_after)
        if not claims:
            return _already(sync.clinic_id, await statuses(connection, sync_id, lead, dates))
        stored = await stored_counts(connection, clinic.id, dates)
        hours = _Hours(await load_schedule_config(connection, clinic.id))
        asks_config = await _asks_config(connection, sync_id, claims)
        repeating = await repeating_ids(connection, clinic.id)
        is_first = not await has_completed(connection, clinic.id)
        return _Task(claims, clinic, credentials, stored, hours, repeating, is_first, asks_config)


async def _asks_config(connection: Connection, sync_id: UUID, claims: Sequence[Claim]) -> bool:
    """Whether to request the configuration: with the sync's first date, once.

    Not with its second look, nor with its next try if the portal has responded.
    """
    if all(each.position > 1 for each in claims):
        return False
    outcome = await config_outcome(connection, sync_id)
    return outcome is None or not outcome.is_final


async def _leave(
    connection: Connection, sync: Sync, lead: date, dates: Sequence[date], failure: Failure
) -> ScrapeResult:
    """Leaves the dates to a worker with the right keys; the reason is stored in case there is none."""
    if await leave(connection, sync.id, lead, dates, failure, LEFT_FOR):
        return ScrapeResult(sync.clinic_id, retry_later=True, wrong_key=failure.message)
    return _already(sync.clinic_id, await statuses(connection, sync.id, lead, dates))


def _already(clinic_id: UUID, found: Mapping[date, DateStatus]) -> ScrapeResult:
    """The result if nothing can be claimed: sends again whatever the last step may have failed to send."""
    return ScrapeResult(
        clinic_id,
        reconcile=[day for day, status in found.items() if status is DateStatus.SCRAPED],
        coordinate=any(status.is_closed for status in found.values()),
        retry_later=DateStatus.SCRAPING in found.values(),
    )


async def _credentials(connection: Connection, vault: Vault, clinic: Clinic) -> Credentials | Failure:
    """The clinic's credentials. Raises `WrongKey` if the vault does not open them."""
    try:
        return await get_credentials(connection, vault, clinic)
    except NoCredentials as error:
        return Failure(Reason.NO_CREDENTIALS, str(error))


async def _look(
    context: ScrapeContext, task: _Task
) -> tuple[Mapping[date, Snapshot | Failure], ConfigReading | Failure | None]:
    """Scrapes the dates; with the first date of a sync it requests the clinic's configuration as well."""
    if isinstance(task.credentials, Failure):
        return dict.fromkeys(task.dates, task.credentials), None
    scrape = context.portal.scrape(
        task.clinic,
        task.credentials,
        task.dates,
        clock=database_clock(task.claims[0].claimed_at),
        stored=task.stored,
        is_open=task.hours.is_open,
        repeating=task.repeating,
        is_first=task.is_first,
        evidence=context.evidence(task.sync_id),
    )
    if not task.asks_config:
        return await scrape, None
    async with task_group() as group:
        found = group.create_task(scrape)
        config = group.create_task(_read_config(context, task, task.credentials))
    return found.result(), config.result()


async def _read_config(context: ScrapeContext, task: _Task, credentials: Credentials) -> ConfigReading | Failure:
    """Reads the configuration; the concurrent scrape uses the hours as soon as they are read."""
    config = await context.portal.schedule_config(task.clinic, credentials)
    if isinstance(config, ConfigReading) and not config.is_fallback:
        task.hours.config = task.hours.config.updated_by(config.config)
    return config


def database_clock(read_at: datetime) -> Callable[[], datetime]:
    """A clock that continues from the database's time: one clock orders the scrapes of all machines."""
    begun = time.monotonic()
    return lambda: read_at + timedelta(seconds=time.monotonic() - begun)


async def _record(
    context: ScrapeContext, task: _Task, found: Found, config: ConfigReading | Failure | None
) -> ScrapeResult:
    seen = []
    refused = _refused(task, found)
    async with context.database.transaction() as connection:
        if refused:
            # The reason is written into the clinic's row, which every transaction locks before a sync's.
            await lock_clinic_row(connection, task.clinic.id)
        if await _running(connection, task.sync_id) is None:
            return ScrapeResult()
        if refused:
            await mark_login_failure(connection, task.clinic.id, *refused)
        if config is not None:
            await _record_config(connection, task, found, config)
        for each in task.claims:
            outcome = found[each.date]
            if isinstance(outcome, Failure):
                await _record_failure(connection, context, each, outcome)
            elif await save_snapshot(connection, task.clinic.id, each, outcome):
                seen.append(each.date)
        await warn_of_new_fields(connection, task.clinic.id, task.sync_id, found.values())
    # Their places are free: the next dates need not wait until these are reconciled.
    return ScrapeResult(task.clinic.id, reconcile=seen, coordinate=True)


async def _record_config(
    connection: Connection, task: _Task, found: Found, config: ConfigReading | Failure
) -> None:
    """Stores what was read, and the outcome that the sync's end reports."""
    if isinstance(config, ConfigReading):
        await save_config_reading(connection, task.clinic.id, config)
        outcome = ConfigOutcome(problems=config.problems)
    else:
        # If the dates failed as well, this call is not the cause: it is repeated with their next try.
        own = any(isinstance(found[each.date], Snapshot) for each in task.claims)
        outcome = ConfigOutcome(config, is_final=own)
    await record_config_outcome(connection, task.sync_id, outcome)


def _refused(task: _Task, found: Found) -> tuple[Credentials, Reason] | None:
    """The credentials that the portal refuses, and why.

    Missing credentials, and those that this worker's keys do not open, were never sent to the portal.
    """
    if isinstance(task.credentials, Failure):
        return None
    reasons = (each.reason for each in found.values() if isinstance(each, Failure) and each.is_fatal)
    reason = next(reasons, None)
    return None if reason is None else (task.credentials, reason)


async def _record_failure(connection: Connection, context: ScrapeContext, claim: Claim, failure: Failure) -> None:
    decision = decide(failure, claim.attempt, context.jitter(), claim.elapsed)
    if decision.delay is None:
        await fail(connection, claim.sync_id, claim.date, failure, claim.token)
    else:
        await retry(connection, claim, failure, decision.delay, counted=decision.counted)


async def _running(connection: Connection, sync_id: UUID) -> Sync | None:
    """The sync, locked, if it is in progress: nothing is written for one that has ended."""
    sync = await lock_sync(connection, sync_id)
    return sync if sync is not None and sync.status is SyncStatus.IN_PROGRESS else None
