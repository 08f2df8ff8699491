"""Heartbeats of the dates that this process works on; stops work whose claim is lost, or whose sync has ended.

A claim is lost when its sync ends (cancelled, timed out) or another worker has claimed the date. A NATS message
announces the end of a sync at once; if it gets lost, the next heartbeat finds that the claim is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from engine.store.database import Database
from engine.store.syncs.claims import Claim, keep_alive, running_of


@dataclass(frozen=True, slots=True)
class _Hold:
    """Work on a sync. `is_claim`: it ends with its claim; else it ends with the sync."""

    sync_id: UUID
    scope: asyncio.Timeout
    is_claim: bool

    def let_go(self) -> None:
        if not self.scope.expired():  # it may be cleaning up already when the second notice arrives
            self.scope.reschedule(asyncio.get_running_loop().time())


class ClaimHeartbeats:
    """The claims that this process holds. `changed` is called with their number whenever it changes."""

    def __init__(self, database: Database, changed: Callable[[int], None] = lambda _: None) -> None:
        self._database = database
        self._changed = changed
        #: By the claim's token.
        self._holds: dict[UUID, _Hold] = {}

    def __len__(self) -> int:
        return sum(hold.is_claim for hold in self._holds.values())

    @asynccontextmanager
    async def hold(self, claims: Sequence[Claim]) -> AsyncIterator[None]:
        """Keeps the claims alive. If one is lost, the body is cancelled and execution continues after it."""
        async with self._until_let_go({claim.token: claim.sync_id for claim in claims}, is_claim=True):
            yield

    @asynccontextmanager
    async def watch(self, sync_id: UUID) -> AsyncIterator[None]:
        """The same for work without a claim: the body is cancelled when the sync ends."""
        async with self._until_let_go({uuid4(): sync_id}, is_claim=False):
            yield

    def stop(self, sync_id: UUID) -> None:
        """Stops the work of this process for a sync that has ended."""
        for hold in list(self._holds.values()):
            if hold.sync_id == sync_id:
                hold.let_go()

    async def send(self) -> None:
        """Sends a heartbeat for every held claim, and stops the work that has lost its claim or its sync."""
        holds = dict(self._holds)
        if not holds:
            return
        claims = [token for token, hold in holds.items() if hold.is_claim]
        watched = {hold.sync_id for hold in holds.values() if not hold.is_claim}
        async with self._database.connection() as connection:
            alive = await keep_alive(connection, claims) if claims else set()
            running = await running_of(connection, list(watched)) if watched else set()
        for token, hold in holds.items():
            is_alive = token in alive if hold.is_claim else hold.sync_id in running
            if not is_alive and token in self._holds:
                hold.let_go()

    @asynccontextmanager
    async def _until_let_go(self, work: dict[UUID, UUID], *, is_claim: bool) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(None) as scope:
                self._holds |= {token: _Hold(sync_id, scope, is_claim) for token, sync_id in work.items()}
                self._changed(len(self))
                yield
        except TimeoutError:
            if not scope.expired():
                raise
        finally:
            for token in work:
                self._holds.pop(token, None)
            self._changed(len(self))
