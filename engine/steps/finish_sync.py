"""Ends a sync: applies removals, counts slots, and records the last event.

However a sync ends, it ends here, once, in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.booking import NO_CONFLICTS, Conflicts, warning_of_expired
from engine.clinic import Clinic
from engine.config_reading import config_warnings
from engine.dispatch import is_partial, open_dates
from engine.events import Event
from engine.failure import FATAL_FOR_SYNC
from engine.removal_warnings import warnings_of_kept
from engine.removals import RemovalLimit
from engine.store.bookings import count_expired, match_bookings, settle_conflicts
from engine.store.database import Connection
from engine.store.reconciling import (
    Change,
    Removals,
    SlotCounts,
    apply_removals,
    dry_run,
    load_schedule_config,
    lock_clinic,
    plan_removals,
    reconciled_dates,
    refresh_slots,
)
from engine.store.reconciling.lookups import extra_calls_of
from engine.store.syncs import dates as sync_dates
from engine.store.syncs import events
from engine.store.syncs.configuration import config_outcome
from engine.store.syncs.lifecycle import Ending, add_warning, end, recount_held, warnings_of_sync
from engine.sync import DateState, DateStatus, Sync, SyncStatus
from engine.warnings import SyncWarning, WarningCode, join_warnings


@dataclass(frozen=True, slots=True)
class _Carried:
    """What the end of the sync changed in the data, or would have changed (`plan`)."""

    slots: SlotCounts
    held: int = 0
    conflicts: Conflicts = NO_CONFLICTS
    plan: Sequence[Mapping[str, Any]] | None = None


async def finish_sync(
    connection: Connection,
    clinic: Clinic,
    sync: Sync,
    status: SyncStatus,
    message: str | None,
    removal_limit: RemovalLimit,
) -> None:
    """Ends a sync that is in progress. The clinic's row and the sync's row must be locked."""
    await lock_clinic(connection, clinic.id)
    carry = _dry_run if sync.dry_run else _carry_out
    carried = await carry(connection, clinic, sync, status, removal_limit)
    await sync_dates.fail_unfinished_dates(connection, sync.id)
    dates = await sync_dates.dates_of(connection, sync.id)
    is_open = (await load_schedule_config(connection, clinic.id)).is_open_on
    ending = Ending(
        status=status,
        partial_success=is_partial(dates, is_open),
        fresh_as_of=await sync_dates.fresh_as_of(connection, clinic.id, sync.id, open_dates(dates, is_open)),
        removals_held=carried.held,
        slots_created=carried.slots.created,
        slots_updated=carried.slots.updated,
        conflicts=carried.conflicts,
        message=message or _what_went_wrong(status, dates),
        errors=[_error(state) for state in dates if state.status is DateStatus.FAILED],
        plan=carried.plan,
        warnings=join_warnings(
            await _warnings(connection, clinic, sync, status), _warnings_of_dates(dates, is_open)
        ),
    )
    await end(connection, sync.id, ending)


def _warnings_of_dates(
    dates: Sequence[DateState], is_open: Callable[[date], bool | None]
) -> dict[date, list[SyncWarning]]:
    """The warnings of each date, by the opening hours known at the end.

    A clinic's first calls are made before its hours are read, and every empty day counts as open then.
    """
    return {
        state.date: [
            warning
            for warning in state.warnings
            if warning.code is not WarningCode.OPEN_DAYS_EMPTY or is_open(state.date) is not False
        ]
        for state in dates
    }


async def _warnings(connection: Connection, clinic: Clinic, sync: Sync, status: SyncStatus) -> list[SyncWarning]:
    """The warnings that concern the sync as a whole."""
    warnings = await warnings_of_sync(connection, sync.id)
    if status is SyncStatus.COMPLETED:
        outcome = await config_outcome(connection, sync.id)
        known = await load_schedule_config(connection, clinic.id)
        warnings += config_warnings(outcome, known, columns_chosen=clinic.resources is not None)
        expired = await count_expired(connection, clinic.id, sync.dates)
        if warning := warning_of_expired(expired):
            warnings.append(warning)
    return warnings


async def _carry_out(
    connection: Connection, clinic: Clinic, sync: Sync, status: SyncStatus, removal_limit: RemovalLimit
) -> _Carried:
    """Removes what no complete scrape of this sync has seen, as far as the limit allows, and counts the slots.

    Bookings that the portal shows are recognized first: they are in no conflict with their own appointments.
    """
    held, conflicts = 0, NO_CONFLICTS
    if status is SyncStatus.COMPLETED:
        plan = await plan_removals(connection, clinic.id, sync.id, removal_limit.settle)
        if removal_limit.lookups and await extra_calls_of(connection, sync.id) >= removal_limit.extra_calls:
            plan = plan.unchecked()
        removals = await apply_removals(connection, clinic.id, sync.id, plan, removal_limit)
        held = removals.held
        await recount_held(connection, clinic.id)
        await _record_removals(connection, sync, removals, removal_limit)
    await match_bookings(connection, clinic.id, sync.dates, sync.id)
    slots = await refresh_slots(connection, clinic, sync.dates)
    if status is SyncStatus.COMPLETED:
        conflicts = await settle_conflicts(connection, clinic.id, await reconciled_dates(connection, sync.id))
    return _Carried(slots, held, conflicts)


async def _dry_run(
    connection: Connection, clinic: Clinic, sync: Sync, status: SyncStatus, removal_limit: RemovalLimit
) -> _Carried:
    """The same, rolled back: what a real run would have done becomes the plan."""
    if status is not SyncStatus.COMPLETED:
        return _Carried(SlotCounts(0, 0, 0), plan=[])
    snapshots = await sync_dates.snapshots_of(connection, sync.id)
    run = await dry_run(connection, clinic, sync.id, sync.dates, snapshots, removal_limit)
    await _record_removals(connection, sync, run.removals, removal_limit)
    plan = [_planned(change) for change in run.changes]
    return _Carried(run.slots, run.removals.held, plan=plan)


async def _record_removals(
    connection: Connection, sync: Sync, removals: Removals, removal_limit: RemovalLimit
) -> None:
    if removals.removed:
        await sync_dates.record_removals(connection, sync.id, removals.removed)
    if removals.held:
        await events.record(connection, sync.id, Event.HELD, removals_held=removals.held)
    for warning in warnings_of_kept(removals.kept, removal_limit):
        await add_warning(connection, sync.id, warning)


def _planned(change: Change) -> dict[str, Any]:
    """A change without names: a plan is published."""
    return {
        "kind": change.kind,
        "neo_appointment_id": change.neo_appointment_id,
        "before": _place(change.before),
        "after": _place(change.after),
    }


def _place(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {key: values[key] for key in ("date", "start_time", "end_time", "status")}


def _what_went_wrong(status: SyncStatus, dates: Sequence[DateState]) -> str | None:
    """The message of the failure that ended the sync; otherwise that of the first failure."""
    if status is not SyncStatus.FAILED:
        return None
    failed = [state for state in dates if state.status is DateStatus.FAILED]
    fatal = [state for state in failed if state.reason in FATAL_FOR_SYNC]
    return next((state.message for state in fatal or failed), None)


def _error(state: DateState) -> dict[str, str]:
    return {"date": state.date.isoformat(), "reason": state.reason or "", "message": state.message or ""}
