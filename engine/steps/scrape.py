"""The DateScraper's step: claims dates, scrapes them, and stores the result.

Each portal result is a value: a `Snapshot`, or a `Failure` on which the retry table decides. The portal raises no
exception here, and only complete snapshots are stored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from engine.config_reading import ConfigReading
from engine.credentials import Credentials
from engine.failure import Failure
from engine.snapshot import Snapshot
from engine.steps.scrape_record import record_scrape
from engine.steps.scrape_task import LEFT_FOR, ScrapeContext, ScrapeResult, ScrapeTask, claim_task
from engine.task_group import task_group

__all__ = ["LEFT_FOR", "ScrapeContext", "ScrapeResult", "database_clock", "scrape_dates"]


async def scrape_dates(context: ScrapeContext, sync_id: UUID, first_date: date, days: int = 1) -> ScrapeResult:
    """Scrapes a span of `days` dates from `first_date` on once, in as few calls as the portal allows.

    Raises `Unavailable` if the database is unreachable; then the message is delivered again.
    """
    task = await claim_task(context, sync_id, first_date, days)
    if isinstance(task, ScrapeResult):
        return task
    looked = None
    async with context.hold(task.claims):
        looked = await _look(context, task)
    # Stop the heartbeat first: a cancel between COMMIT and send would lose the follow-up messages.
    return ScrapeResult(task.clinic.id) if looked is None else await record_scrape(context, task, *looked)


async def _look(
    context: ScrapeContext, task: ScrapeTask
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
        extra_calls=task.extra_calls,
        evidence=context.evidence(task.sync_id),
    )
    if not task.asks_config:
        return await scrape, None
    async with task_group() as group:
        found = group.create_task(scrape)
        config = group.create_task(_read_config(context, task, task.credentials))
    return found.result(), config.result()


async def _read_config(
    context: ScrapeContext, task: ScrapeTask, credentials: Credentials
) -> ConfigReading | Failure:
    """Reads the configuration; the concurrent scrape uses the hours as soon as they are read."""
    config = await context.portal.schedule_config(task.clinic, credentials)
    if isinstance(config, ConfigReading) and not config.is_fallback:
        task.hours.config = task.hours.config.updated_by(config.config)
    return config


def database_clock(read_at: datetime) -> Callable[[], datetime]:
    """A clock that continues from the database's time: one clock orders the scrapes of all machines."""
    begun = time.monotonic()
    return lambda: read_at + timedelta(seconds=time.monotonic() - begun)
