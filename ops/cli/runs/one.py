"""The command `runs show`: shows one sync."""

from __future__ import annotations

import asyncio
import json as json_module
from datetime import UTC, datetime
from typing import Any

from actors.messages import encode
from actors.settings import Settings
from actors.views import sync_view
from engine.store.syncs.dates import dates_of
from engine.store.syncs.reading import queue_position
from ops.cli.runs.sync_id import SyncId, find_sync
from ops.cli.sync_page import show_sync
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console


def show(sync: SyncId, *, json: Json = False) -> None:
    """Show one sync: its status, its dates with attempts, next tries, workers and heartbeats.

    Reads the database, so it works without a gateway.

    Example: `idexx-sync runs show 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa`
    """
    view = asyncio.run(_view(settings_here(), sync))
    if json:
        answer({"ok": True, "sync": view})
    else:
        show_sync(console(), view, datetime.now(UTC))


async def _view(settings: Settings, text: str) -> dict[str, Any]:
    async with open_database(database_url(settings)) as connection:
        _, sync = await find_sync(connection, text)
        dates, position = await dates_of(connection, sync.id), await queue_position(connection, sync.id)
    # In the form of a reply over NATS, because the same page shows both.
    view: dict[str, Any] = json_module.loads(encode(sync_view(sync, dates, position)))
    return view
