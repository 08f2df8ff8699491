"""The dates that this process works on: kept alive while it does, and let go when they are taken away.

A date is taken away when its sync ends (cancelled, timed out) or when another worker has claimed it. The news
comes as a message on NATS, at once; should that be lost, the next sign of life finds that the claim is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from engine.store.database import Database
from engine.store.syncs.claims import Claim, keep_alive


@dataclass(frozen=True, slots=True)
class _Hold:
    claim: Claim
    scope: asyncio.Timeout

    def let_go(self) -> None:
        if not self.scope.expired():  # it may be cleaning up already, when it is told again
            self.scope.reschedule(asyncio.get_running_loop().time())


class ClaimHeartbeats:
    """`changed` is told how many dates are held, whenever that changes."""

    def __init__(self, database: Database, changed: Callable[[int], None] = lambda _: None) -> None:
        self._database = database
        self._changed = changed
        self._holds: dict[UUID, _Hold] = {}

    def __len__(self) -> int:
        return len(self._holds)

    @asynccontextmanager
    async def hold(self, claims: Sequence[Claim]) -> AsyncIterator[None]:
        """Keeps the claims alive. If one is taken away, the body is cancelled and execution goes on behind it."""
        try:
            async with asyncio.timeout(None) as scope:
                self._holds |= {claim.token: _Hold(claim, scope) for claim in claims}
                self._changed(len(self._holds))
                yield
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            for claim in claims:
                self._holds.pop(claim.token, None)
            self._changed(len(self._holds))

    def stop(self, sync_id: UUID) -> None:
        """The sync has ended: what this process does for it stops."""
        for hold in list(self._holds.values()):
            if hold.claim.sync_id == sync_id:
                hold.let_go()

    async def send(self) -> None:
        """Gives a sign of life for everything held, and lets go of what is no longer ours."""
        held = list(self._holds.values())
        if not held:
            return
        async with self._database.connection() as connection:
            alive = await keep_alive(connection, [hold.claim.token for hold in held])
        for hold in held:
            token = hold.claim.token
            if token not in alive and token in self._holds:
                hold.let_go()
