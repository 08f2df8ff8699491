"""Before anything is removed: has the portal asked for the missing appointments by their ids.

The answers prove that an appointment is gone, or where it is, without a wait. What they leave open is confirmed by
a second look (`verify_removals`). A look-up that is not answered in time leaves its appointment open.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from engine.clinic import Clinic
from engine.removals import RemovalLimit, to_look_up
from engine.store.database import Connection
from engine.store.reconciling import lock_clinic, plan_removals
from engine.store.reconciling.lookups import (
    extra_calls_of,
    lacks_lookup_of_sync,
    lookups_of,
    record_lookups,
    request_lookups,
)
from engine.sync import Sync

#: Time in which a DateScraper has to answer the look-ups of a sync.
ANSWERED_WITHIN = timedelta(seconds=150)


async def look_up_removals(
    connection: Connection, clinic: Clinic, sync: Sync, removal_limit: RemovalLimit, now: datetime
) -> bool:
    """Whether the sync has to wait for answers. The appointments are looked up once in a sync."""
    if sync.dry_run or removal_limit.lookups == 0:
        return False
    if asked := await lookups_of(connection, sync.id):
        waiting = [each for each in asked if each.lookup is None]
        if not waiting or now < _latest(sync, removal_limit, waiting[0].asked_at):
            return bool(waiting)
        await record_lookups(connection, sync.id, {})
        return False
    await lock_clinic(connection, clinic.id)
    plan = await plan_removals(connection, clinic.id, sync.id, removal_limit.settle)
    wanted = to_look_up(plan, removal_limit, await extra_calls_of(connection, sync.id))
    if not wanted or await lacks_lookup_of_sync(connection, sync.id):
        return False
    await request_lookups(connection, sync.id, wanted)
    return True


def _latest(sync: Sync, removal_limit: RemovalLimit, asked_at: datetime) -> datetime:
    """When the answers are waited for no longer: in time for a second look before the sync's deadline."""
    latest = asked_at + ANSWERED_WITHIN
    return latest if sync.deadline_at is None else min(latest, sync.deadline_at - 2 * removal_limit.settle)
