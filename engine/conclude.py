"""The end of a sync: what is gone is removed, slots are counted, and the last event is told.

However a sync ends, it ends here, once, in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.clinic import Clinic
from engine.events import Event
from engine.failure import Reason
from engine.removals import Fence
from engine.store.database import Connection
from engine.store.reconciling import apply_removals, lock_clinic, plan_removals, refresh_slots
from engine.store.syncs import dates as sync_dates
from engine.store.syncs import events
from engine.store.syncs.lifecycle import Ending, end
from engine.sync import DateState, DateStatus, Sync, SyncStatus


async def conclude(
    connection: Connection, clinic: Clinic, sync: Sync, status: SyncStatus, message: str | None, fence: Fence
) -> None:
    """Ends a sync that is in progress. The clinic's row and the sync's row must be locked."""
    await lock_clinic(connection, clinic.id)
    held = await _remove(connection, clinic, sync, fence) if status is SyncStatus.COMPLETED else 0
    slots = await refresh_slots(connection, clinic, sync.dates)
    dates = await sync_dates.dates_of(connection, sync.id)
    ending = Ending(
        status=status,
        partial_success=_is_partial(dates),
        removals_held=held,
        slots_created=slots.created,
        slots_updated=slots.updated,
        message=message or _what_went_wrong(status, dates),
        errors=[_error(state) for state in dates if state.status is DateStatus.FAILED],
    )
    await end(connection, sync.id, ending)


async def _remove(connection: Connection, clinic: Clinic, sync: Sync, fence: Fence) -> int:
    """Removes what no complete scrape of this sync has seen; answers how many removals the fence held back."""
    plan = await plan_removals(connection, clinic.id, sync.id)
    removals = await apply_removals(connection, clinic.id, sync.id, plan, fence)
    if removals.removed:
        await sync_dates.record_removals(connection, sync.id, removals.removed)
    if removals.held:
        await events.record(connection, sync.id, Event.HELD, removals_held=removals.held)
    return removals.held


def _is_partial(dates: Sequence[DateState]) -> bool:
    done = sum(state.status is DateStatus.RECONCILED for state in dates)
    return 0 < done < len(dates)


def _what_went_wrong(status: SyncStatus, dates: Sequence[DateState]) -> str | None:
    if status is not SyncStatus.FAILED:
        return None
    first = next((state for state in dates if state.reason not in (None, Reason.SYNC_ENDED)), None)
    return None if first is None else first.message


def _error(state: DateState) -> dict[str, str]:
    return {"date": state.date.isoformat(), "reason": state.reason or "", "message": state.message or ""}
