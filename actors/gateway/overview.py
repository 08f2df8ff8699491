"""The overview of clinics and syncs for clients that may only send NATS requests: no personal data."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from typing import Any, TypeVar
from uuid import UUID

from dramatiq.errors import BrokerConnectionError

from actors.installation.watch import InstallationWatch
from actors.messages import ALL
from actors.queues import QUEUES
from actors.runtime.portal_limits import PortalLimits
from actors.settings import Settings
from actors.views import sync_view
from actors.views.clinics import all_clinics
from broker import NatsBroker
from engine.attention import Attention, attention_view, sort_key
from engine.errors import Unavailable
from engine.store.attention import attention
from engine.store.clinics import find_clinic, portal_addresses
from engine.store.database import Connection, Database
from engine.store.monitoring import claimed_dates
from engine.store.syncs.reading import database_time, live_syncs
from engine.sync import Sync, SyncStatus
from engine.task_group import task_group

#: Number of finished syncs in the overview, beside those that run or wait.
LATEST = 30
#: How long the database may take, in seconds: less than the page waits for the reply.
READ_WITHIN = 2.5

T = TypeVar("T")


class Overview:
    def __init__(
        self, settings: Settings, broker: NatsBroker, database: Database, watch: InstallationWatch
    ) -> None:
        self._settings = settings
        self._watch = watch
        self._broker = broker
        self._database = database
        self._limits: PortalLimits | None = None
        self._reading: set[asyncio.Task[Any]] = set()

    async def read(self, slug: str) -> dict[str, Any]:
        """One clinic with its syncs; or every clinic and the resources that they share."""
        stored, items, addresses = await self._in_time(self._read_database(slug))
        if slug == ALL:
            items = sorted([*self._watch.items, *items], key=sort_key)
        stored["attention"] = [attention_view(item) for item in items]
        return {"ok": True, **stored, **(await self._shared(addresses) if slug == ALL else {})}

    async def _read_database(self, slug: str) -> tuple[dict[str, Any], list[Attention], list[str]]:
        async with self._database.connection() as connection:
            clinic_id = None if slug == ALL else (await find_clinic(connection, slug)).id
            stored = await _stored(connection, slug, clinic_id)
            items = await attention(connection, clinic_id)
            return stored, items, await portal_addresses(connection) if slug == ALL else []

    async def _in_time(self, reading: Coroutine[Any, Any, T]) -> T:
        """The result; raises `Unavailable` in time for a caller that waits, who would otherwise blame NATS.

        A reading that is late ends by itself, with the database's timeout: to wait for its cancellation could hang.
        """
        task = asyncio.create_task(reading, name="overview")
        self._reading.add(task)
        task.add_done_callback(self._forget)
        done, _ = await asyncio.wait({task}, timeout=READ_WITHIN)
        if not done:
            task.cancel()
            raise Unavailable(
                f"PostgreSQL does not respond within {READ_WITHIN:g} s; check that it runs, then try again",
                retry_after_ms=1000,
                hint="idexx-sync doctor",
            )
        return task.result()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._reading.discard(task)
        if not task.cancelled():
            task.exception()  # the caller has it, unless it is late

    async def _shared(self, addresses: Sequence[str]) -> dict[str, Any]:
        """The actors' mailboxes; each portal's rate limit and circuit breaker, the default portal's also by itself."""
        try:
            if self._limits is None:
                self._limits = PortalLimits(self._settings, await self._broker.client())
            async with task_group() as group:
                boxes = [group.create_task(self._broker.mailbox_async(queue)) for queue in QUEUES]
                reading = group.create_task(self._limits.read(addresses))
        except BrokerConnectionError as error:
            raise Unavailable(f"JetStream does not respond ({error}); try again", retry_after_ms=1000) from error
        portals = [asdict(portal) for portal in reading.result()]
        default = portals[0]
        return {
            "mailboxes": [asdict(box.result()) for box in boxes],
            "budget": {name: default[name] for name in ("rate", "limit", "burst", "paused_for")},
            "breaker": default["breaker"],
            "portals": portals,
        }


async def _stored(connection: Connection, slug: str, clinic_id: UUID | None) -> dict[str, Any]:
    clinics = await all_clinics(connection)
    hands = await claimed_dates(connection)
    return {
        "at": await database_time(connection),
        "clinics": [clinic for clinic in clinics if clinic_id in (None, clinic["id"])],
        "syncs": _placed(await live_syncs(connection, clinic_id, LATEST)),
        "in_hand": [asdict(date) for date in hands if slug in (ALL, date.clinic)],
    }


def _placed(syncs: Sequence[Sync]) -> list[dict[str, Any]]:
    """Views of the syncs with their queue positions. `syncs` are newest first and include all that wait."""
    waiting: Counter[str] = Counter()
    views = []
    for sync in reversed(syncs):
        waiting[sync.clinic] += sync.status is SyncStatus.QUEUED
        views.append(sync_view(sync, position=waiting[sync.clinic] if sync.status is SyncStatus.QUEUED else 0))
    return views[::-1]
