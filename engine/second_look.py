"""Before anything is removed: one more look at the dates that may show where it has gone.

While an appointment moves from one day to another, the portal may show it on neither for a moment. Whoever read
both days in that moment would take a move for a removal. So dates that were read before the absence was seen,
or so soon after it that a move may not have settled, are read once more, in calls of a week.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.clinic import Clinic
from engine.removals import MOVE_SETTLES, Fence
from engine.store.database import Connection
from engine.store.reconciling import lock_clinic, plan_removals, unsettled_dates
from engine.store.syncs.dates import look_again
from engine.sync import DateState, Sync


async def ask_for_second_look(
    connection: Connection, clinic: Clinic, sync: Sync, dates: Sequence[DateState], fence: Fence
) -> bool:
    """Whether the sync has to go on because dates were put back for a second look. At most once in a sync.

    Removals that the fence holds back are seen by a person anyway, and are not looked at again.
    """
    if sync.dry_run or any(state.second_look for state in dates):
        return False
    await lock_clinic(connection, clinic.id)
    plan = await plan_removals(connection, clinic.id, sync.id)
    if not plan.removable or fence.holds_back(len(plan.removable), plan.stored):
        return False
    unsettled = await unsettled_dates(connection, clinic.id, sync.id, plan)
    if unsettled:
        settled_at = max(appointment.missing_since for appointment in plan.removable) + MOVE_SETTLES
        await look_again(connection, sync.id, unsettled, settled_at)
    return bool(unsettled)
