"""Heartbeats of the dates that this process works on; stops the work on a date whose claim is lost.

A claim is lost when its sync ends (cancelled, timed out) or another worker has claimed the date. A NATS message
announces the end of a sync at once; if it gets lost, the next heartbeat finds that the claim is gone.
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
        if not self.scope.expired():  # it may be cleaning up already when the second notice arrives
            self.scope.reschedule(asyncio.get_running_loop().time())


class ClaimHeartbeats:
    """The claims that this process holds. `changed` is called with their number whenever it changes."""

    def __init__(self, database: Database, changed: Callable[[int], None] = lambda _: None) -> None:
        self._database = database
        self._changed = changed
        self._holds: dict[UUID, _Hold] = {}

    def __len__(self) -> int:
        return len(self._holds)

    @asynccontextmanager
    async def hold(self, claims: Sequence[Claim]) -> AsyncIterator[None]:
        """Keeps the claims alive. If one is lost, the body is cancelled and execution continues after it."""
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
        """Stops the work of this process for a sync that has ended."""
        for hold in list(self._holds.values()):
            if hold.claim.sync_id == sync_id:
                hold.let_go()

    async def send(self) -> None:
        """Sends a heartbeat for every held claim and stops the work on those that are lost."""
        claims = list(self._holds.values())
        if not claims:
            return
        async with self._database.connection() as connection:
            alive = await keep_alive(connection, [hold.claim.token for hold in claims])
        for hold in claims:
            token = hold.claim.token
            if token not in alive and token in self._holds:
                hold.let_go()
