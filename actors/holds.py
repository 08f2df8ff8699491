"""The dates that this process works on: kept alive while it does, and let go when they are taken away.

A date is taken away when its sync ends (cancelled, timed out) or when another worker has claimed it. The news
comes as a message on NATS, at once; should that be lost, the next sign of life finds that the claim is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from engine.store.database import Database
from engine.store.syncs.dates import Claim, keep_alive


@dataclass(frozen=True, slots=True)
class _Hold:
    claim: Claim
    scope: asyncio.Timeout

    def let_go(self) -> None:
        self.scope.reschedule(asyncio.get_running_loop().time())


class Holds:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._holds: dict[UUID, _Hold] = {}

    def __len__(self) -> int:
        return len(self._holds)

    @asynccontextmanager
    async def hold(self, claim: Claim) -> AsyncIterator[None]:
        """Keeps the claim alive. If it is taken away, the body is cancelled and execution goes on behind it."""
        try:
            async with asyncio.timeout(None) as scope:
                self._holds[claim.token] = _Hold(claim, scope)
                yield
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            self._holds.pop(claim.token, None)

    def stop(self, sync_id: UUID) -> None:
        """The sync has ended: what this process does for it stops."""
        for hold in list(self._holds.values()):
            if hold.claim.sync_id == sync_id:
                hold.let_go()

    async def beat(self) -> None:
        """Gives a sign of life for everything held, and lets go of what is no longer ours."""
        held = list(self._holds.values())
        if not held:
            return
        async with self._database.connection() as connection:
            alive = await keep_alive(connection, [hold.claim.token for hold in held])
        for hold in held:
            if hold.claim.token not in alive:
                hold.let_go()
