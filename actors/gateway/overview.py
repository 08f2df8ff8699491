"""The overview of clinics and syncs for clients that may only send NATS requests: no personal data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from dramatiq.errors import BrokerConnectionError

from actors.clinic_views import all_clinics
from actors.messages import ALL
from actors.queues import QUEUES
from actors.runtime.portal_limits import portal_breaker, portal_bucket
from actors.settings import Settings
from actors.views import sync_view
from broker import NatsBroker
from engine.errors import Unavailable
from engine.store.clinics import find_clinic
from engine.store.database import Connection, Database
from engine.store.monitoring import claimed_dates
from engine.store.syncs.reading import database_time, live_syncs
from engine.sync import Sync, SyncStatus
from engine.task_group import task_group

#: Number of finished syncs in the overview, beside those that run or wait.
LATEST = 30


class Overview:
    def __init__(self, settings: Settings, broker: NatsBroker, database: Database) -> None:
        self._settings = settings
        self._broker = broker
        self._database = database

    async def read(self, slug: str) -> dict[str, Any]:
        """One clinic with its syncs; or every clinic and the resources that they share."""
        async with self._database.connection() as connection:
            stored = await _stored(connection, slug)
        return {"ok": True, **stored, **(await self._shared() if slug == ALL else {})}

    async def _shared(self) -> dict[str, Any]:
        """The actors' mailboxes, the portal's rate limit and its circuit breaker."""
        settings = self._settings
        try:
            client = await self._broker.client()
            bucket = portal_bucket(settings, client)
            async with task_group() as group:
                boxes = [group.create_task(self._broker.mailbox_async(queue)) for queue in QUEUES]
                breaker = group.create_task(portal_breaker(settings, client).state())
                rate = group.create_task(bucket.allowed_rate())
                pause = group.create_task(bucket.paused_for())
        except BrokerConnectionError as error:
            raise Unavailable(f"JetStream does not respond ({error}); try again", retry_after_ms=1000) from error
        budget = {
            "rate": rate.result(),
            "limit": settings.idexx_rate_limit,
            "burst": settings.rate_burst,
            "paused_for": pause.result(),
        }
        return {
            "mailboxes": [asdict(box.result()) for box in boxes],
            "budget": budget,
            "breaker": breaker.result(),
        }


async def _stored(connection: Connection, slug: str) -> dict[str, Any]:
    clinic_id = None if slug == ALL else (await find_clinic(connection, slug)).id
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
