"""Applies `EXPIRED_HOLDS`: functions of the database, which other programs call, need it there."""

from __future__ import annotations

from typing import Literal

from engine.store.bookings import apply_expired_holds
from engine.store.database import Database

#: How often holds that have expired are looked for, in seconds.
INTERVAL = 5.0


class ExpiredHolds:
    """Stores the setting, and keeps the slots' counts and the stored offer true while holds expire."""

    def __init__(self, database: Database, setting: Literal["count", "release"]) -> None:
        self._database = database
        self._setting = setting

    async def once(self) -> None:
        async with self._database.transaction() as connection:
            # Much longer than the interval, so that a late turn misses none.
            await apply_expired_holds(connection, self._setting, 12 * INTERVAL)
