"""The command `migrate`: updates the database's tables."""

from __future__ import annotations

import asyncio

from ops.client.connections import open_database, require_sessions
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, say


def migrate(*, json: Json = False) -> None:
    """Migrate the database's tables to this version. Safe to repeat, and while everything is running.

    Example: `DATABASE_URL=postgresql://… idexx-sync migrate`
    """
    applied = asyncio.run(_migrate(database_url(settings_here())))
    if json:
        answer({"ok": True, "applied": applied})
    else:
        say(f"applied {', '.join(applied)}" if applied else "the database is up to date")


async def _migrate(url: str) -> list[str]:
    from engine.store.migrate import migrate

    await require_sessions(url, "`idexx-sync migrate`")
    async with open_database(url) as connection:
        return await migrate(connection)
