"""Before anything is removed: rereads every date of the sync.

While an appointment moves from one day to another, the portal may show it on neither for some seconds. A sync that
read both days in that time would take the move for a removal or, if one of its dates failed, leave the row on the
old day. So every date is read again, so long after the absence was seen that a move must have
ended (`RemovalLimit.settle`). `engine.removals` decides what the two reads prove; what they leave open is for
the next sync.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.clinic import Clinic
from engine.removals import RemovalLimit, verification_at
from engine.store.database import Connection
from engine.store.reconciling import lock_clinic, plan_removals, reconciled_dates
from engine.store.reconciling.lookups import add_extra_calls, extra_calls_of
from engine.store.syncs.dates import look_again
from engine.sync import DateState, Sync


async def verify_removals(
    connection: Connection,
    clinic: Clinic,
    sync: Sync,
    dates: Sequence[DateState],
    removal_limit: RemovalLimit,
    span_days: int,
) -> bool:
    """Whether the sync has to continue because its dates were put back for a second look.

    This happens at most once in a sync, and only if there is time for it before the deadline, and calls are left.
    """
    if sync.dry_run or any(state.second_look for state in dates):
        return False
    await lock_clinic(connection, clinic.id)
    plan = await plan_removals(connection, clinic.id, sync.id, removal_limit.settle)
    at = verification_at(plan, removal_limit.settle)
    if at is None or (sync.deadline_at is not None and at + removal_limit.settle > sync.deadline_at):
        return False
    again = await reconciled_dates(connection, sync.id)
    calls = math.ceil(len(again) / span_days)
    if await extra_calls_of(connection, sync.id) + calls > removal_limit.extra_calls:
        return False
    await add_extra_calls(connection, sync.id, calls)
    await look_again(connection, sync.id, again, at)
    return True
