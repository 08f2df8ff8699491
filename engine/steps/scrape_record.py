"""Records what a scrape has found: snapshots, failures with their next try, the clinic's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

from engine.config_reading import ConfigOutcome, ConfigReading
from engine.credentials import Credentials
from engine.failure import Failure, Reason
from engine.retry import decide
from engine.snapshot import Snapshot
from engine.spans import learn
from engine.steps.scrape_task import ScrapeContext, ScrapeResult, ScrapeTask, running_sync
from engine.store.clinics import mark_login_failure
from engine.store.clinics.learnt_spans import remember_span
from engine.store.clinics.unknown_fields import warn_of_new_fields
from engine.store.database import Connection
from engine.store.reconciling import save_config_reading
from engine.store.syncs.admission import lock_clinic_row
from engine.store.syncs.claims import any_waiting, retry, save_snapshots
from engine.store.syncs.configuration import record_config_outcome
from engine.store.syncs.dates import fail

#: The result of each requested date.
Found: TypeAlias = Mapping[date, Snapshot | Failure]


async def record_scrape(
    context: ScrapeContext, task: ScrapeTask, found: Found, config: ConfigReading | Failure | None
) -> ScrapeResult:
    """Stores the results, as long as the sync runs and the claims hold."""
    refused = _refused(task, found)
    snapshots = {day: each for day, each in found.items() if isinstance(each, Snapshot)}
    async with context.database.transaction() as connection:
        if refused:
            # The reason is written into the clinic's row, which every transaction locks before a sync's.
            await lock_clinic_row(connection, task.clinic.id)
        if await running_sync(connection, task.sync_id) is None:
            return ScrapeResult()
        if refused:
            await mark_login_failure(connection, task.clinic.id, *refused)
        if config is not None:
            await _record_config(connection, task, found, config)
        seen = await save_snapshots(connection, task.clinic.id, task.claims, snapshots)
        await _record_failures(connection, context, task, found)
        if (days := learn(found, context.limits.span_days)) is not None:
            await remember_span(connection, task.clinic.id, days)
        await warn_of_new_fields(connection, task.clinic.id, task.sync_id, snapshots.values())
        # Their places are free: the next dates need not wait until these are reconciled.
        waits = len(snapshots) < len(found) or await any_waiting(connection, task.sync_id)
    # One message for the span: the Reconciler takes all of its scraped dates.
    return ScrapeResult(task.clinic.id, reconcile=seen[:1], coordinate=waits)


async def _record_config(
    connection: Connection, task: ScrapeTask, found: Found, config: ConfigReading | Failure
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


def _refused(task: ScrapeTask, found: Found) -> tuple[Credentials, Reason] | None:
    """The credentials that the portal refuses, and why.

    Missing credentials, and those that this worker's keys do not open, were never sent to the portal.
    """
    if isinstance(task.credentials, Failure):
        return None
    reasons = (each.reason for each in found.values() if isinstance(each, Failure) and each.is_fatal)
    reason = next(reasons, None)
    return None if reason is None else (task.credentials, reason)


async def _record_failures(connection: Connection, context: ScrapeContext, task: ScrapeTask, found: Found) -> None:
    """Fails the dates that are given up, and lets the others wait for their next try.

    All wait for the same time: then one call can read them together again.
    """
    jitter = context.jitter()
    for each in task.claims:
        failure = found[each.date]
        if not isinstance(failure, Failure):
            continue
        decision = decide(failure, each.attempt, jitter, each.elapsed)
        if decision.delay is None:
            await fail(connection, each.sync_id, each.date, failure, each.token)
        else:
            await retry(connection, each, failure, decision.delay, counted=decision.counted)
