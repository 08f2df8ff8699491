"""Before a sync ends: rereads dates that show the same id, to decide whether the record moved or repeats.

The portal shows a move on both days for some seconds. So the dates are read again when a move must have ended; an
id that both still show repeats, and each place gets a row of its own (`engine.repeating`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from engine.clinic import Clinic
from engine.store.database import Connection
from engine.store.reconciling import lock_clinic, undecided
from engine.store.syncs.dates import look_again
from engine.sync import DateState, Sync

#: Added to the settling time: the second look must come after it, not exactly at its end.
MARGIN = timedelta(milliseconds=500)


async def ask_about_undecided_ids(
    connection: Connection, clinic: Clinic, sync: Sync, dates: Sequence[DateState], settle: timedelta
) -> bool:
    """Whether the sync has to continue because dates were put back for a second look; once for each date."""
    if sync.dry_run:
        return False
    await lock_clinic(connection, clinic.id)
    found = await undecided(connection, clinic.id, sync.id)
    fresh = {state.date for state in dates if not state.second_look}
    if found is None or fresh.isdisjoint(found.dates):
        return False
    await look_again(connection, sync.id, found.dates, found.shown_since + settle + MARGIN)
    return True
