"""The portal's neighbours, in memory. The real ones are NATS buckets, with tests of their own."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import date

from engine.evidence import Evidence
from engine.failure import Failure, Reason
from engine.portal.protocols import Refusal, Session


class MemorySessions:
    def __init__(self) -> None:
        self.entries: dict[str, Session | Refusal] = {}
        self._leases: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, clinic: str) -> Session | Refusal | None:
        return self.entries.get(clinic)

    async def put(self, clinic: str, entry: Session | Refusal) -> None:
        self.entries[clinic] = entry

    async def drop(self, clinic: str, generation: str) -> None:
        entry = self.entries.get(clinic)
        if isinstance(entry, Session) and entry.generation == generation:
            del self.entries[clinic]

    async def update(self, clinic: str, session: Session) -> None:
        entry = self.entries.get(clinic)
        if isinstance(entry, Session) and entry.generation == session.generation:
            self.entries[clinic] = session

    def sign_in_lease(self, clinic: str) -> AbstractAsyncContextManager[object]:
        return self._leases[clinic]


class CountingBudget:
    """Gives a token to everybody, unless it is shut."""

    def __init__(self) -> None:
        self.taken = 0
        self.clinics: Counter[str] = Counter()
        self.pauses: list[float | None] = []
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()

    async def acquire(self, clinic: str) -> None:
        self.asked.set()
        await self.open.wait()
        self.taken += 1
        self.clinics[clinic] += 1

    async def throttled(self, retry_after: float | None) -> None:
        self.pauses.append(retry_after)

    async def succeeded(self) -> None:
        pass


class SwitchBreaker:
    def __init__(self) -> None:
        self.pause: Failure | None = None
        self.recorded: list[Mapping[str, Reason | None]] = []

    async def admit(self, clinic: str) -> Failure | None:
        return self.pause

    async def record(self, clinic: str, outcomes: Mapping[str, Reason | None]) -> None:
        self.recorded.append(outcomes)


class MemoryEvidence:
    def __init__(self) -> None:
        self.kept: dict[date, Evidence] = {}

    async def keep(self, day: date, evidence: Evidence) -> None:
        self.kept[day] = evidence


async def let_pass(seconds: float) -> None:
    """The event loop's clock goes on by so many seconds at once, and all that is due by then happens.

    It never goes back: what is planned later is planned by the new time.
    """
    loop, due = asyncio.get_running_loop(), asyncio.Event()
    before = loop.time
    loop.call_later(seconds, due.set)
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
    await due.wait()
