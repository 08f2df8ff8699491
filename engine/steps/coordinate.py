"""The Coordinator's step: reads the state of a sync, decides what it needs, and writes that down.

The step is level-based: it depends on the current state, not on what has just happened. So it may run twice, late,
or without a reason, and any number of Coordinators may run. Its result is sent after the commit (commit, send,
ack); if the process dies in between, the message is delivered again and the step returns the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from engine.dispatch import IsOpen, Span, next_spans, next_try, outcome, unclaimed, unreconciled
from engine.removals import RemovalLimit
from engine.steps.finish_sync import finish_sync
from engine.steps.look_up_removals import ANSWERED_WITHIN, look_up_removals
from engine.steps.undecided_ids import ask_about_undecided_ids
from engine.steps.verify_removals import verify_removals
from engine.store.clinics import find_clinic
from engine.store.clinics.learnt_spans import learnt_span
from engine.store.database import Connection, Database
from engine.store.reconciling import load_schedule_config
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.admission import lock_clinic_row, start_waiting
from engine.store.syncs.lifecycle import lock_sync, touch
from engine.store.syncs.reading import database_time, get_sync
from engine.sync import DateState, Limits, Sync, SyncStatus


@dataclass(frozen=True, slots=True)
class Step:
    """What to do after the commit.

    `dispatch` and `reconcile` are dates to send to the DateScrapers and again to the Reconciler;
    `look_again_after` is in seconds; `started` are other syncs of the clinic that were started now; `look_up`: a
    DateScraper has to look up the sync's missing appointments; `stop_workers`: whatever still works on this sync
    must stop.
    """

    clinic_id: UUID
    dispatch: Sequence[Span] = ()
    reconcile: Sequence[date] = ()
    look_again_after: float | None = None
    started: Sequence[UUID] = ()
    stop_workers: bool = False
    look_up: bool = False


async def coordinate(database: Database, sync_id: UUID, limits: Limits, removal_limit: RemovalLimit) -> Step:
    """Brings one sync forward: sends its next dates, or ends it and starts the next one of its clinic.

    Raises `UnknownSync`, and `Unavailable` if the database is unreachable.
    """
    async with database.transaction() as connection:
        clinic_id = (await get_sync(connection, sync_id)).clinic_id
        await lock_clinic_row(connection, clinic_id)
        started = await start_waiting(connection, clinic_id, limits)
        sync = await lock_sync(connection, sync_id)
        if sync is None or sync.status is not SyncStatus.IN_PROGRESS:
            return Step(clinic_id, started=started)
        now = await database_time(connection)
        await sync_dates.recall_stale(connection, sync_id, limits.date_silent_after)
        dates = await sync_dates.dates_of(connection, sync_id)
        clinic = await find_clinic(connection, str(clinic_id))
        hours = await load_schedule_config(connection, clinic_id)
        if (learnt := await learnt_span(connection, clinic_id)) is not None:
            limits = replace(limits, span_days=learnt.usable(limits.span_days, now))
        ending = _ending(sync, dates, hours.is_open_on, now, limits)
        looks_up = False
        if ending == (SyncStatus.COMPLETED, None):
            if await ask_about_undecided_ids(connection, clinic, sync, dates, removal_limit.settle):
                ending = None
            elif await look_up_removals(connection, clinic, sync, removal_limit, now):
                ending, looks_up = None, True
            elif await verify_removals(connection, clinic, sync, dates, removal_limit, limits.span_days):
                ending = None
        if looks_up:
            await touch(connection, sync.id)
            step = Step(clinic_id, look_up=True, look_again_after=ANSWERED_WITHIN.total_seconds())
        elif ending is None:
            dates = await sync_dates.dates_of(connection, sync_id)
            step = await _send_on(connection, sync, dates, now, limits)
        else:
            await finish_sync(connection, clinic, sync, *ending, removal_limit)
            step = Step(clinic_id, started=await start_waiting(connection, clinic_id, limits), stop_workers=True)
    others = [other for other in (*started, *step.started) if other != sync_id]
    return replace(step, started=others)


def _ending(
    sync: Sync, dates: Sequence[DateState], is_open: IsOpen, now: datetime, limits: Limits
) -> tuple[SyncStatus, str | None] | None:
    """Returns the final status and message if the sync has to end now; None if it continues."""
    if status := outcome(dates, is_open):
        return status, None
    if sync.deadline_at is not None and now >= sync.deadline_at:
        return SyncStatus.TIMED_OUT, f"not done within {limits.sync_timeout:.0f} s (SYNC_TIMEOUT_MS)"
    if sync.heartbeat_at is not None and (now - sync.heartbeat_at).total_seconds() > limits.stale_after:
        return SyncStatus.FAILED, f"no heartbeat for {limits.stale_after:.0f} s (STALE_SYNC_MS)"
    return None


async def _send_on(
    connection: Connection, sync: Sync, dates: Sequence[DateState], now: datetime, limits: Limits
) -> Step:
    await touch(connection, sync.id)
    fresh = next_spans(dates, limits.calls_in_flight, limits.span_days, now)
    for span in fresh:
        await sync_dates.dispatch(connection, sync.id, span)
    return Step(
        sync.clinic_id,
        dispatch=[*fresh, *unclaimed(dates, now, limits.resend_after)],
        reconcile=unreconciled(dates, now, limits.date_silent_after),
        look_again_after=_look_again(sync, dates, now),
    )


def _look_again(sync: Sync, dates: Sequence[DateState], now: datetime) -> float | None:
    """Seconds until the next date is to be tried again; at the sync's first step, until its deadline."""
    due = next_try(dates)
    if due is None and not any(state.dispatches for state in dates):
        due = sync.deadline_at
    return None if due is None else max((due - now).total_seconds(), 0.0)
