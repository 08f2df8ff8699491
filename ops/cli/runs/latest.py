"""The command `runs`: lists the latest syncs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter, validators

from actors.settings import Settings
from actors.views import sync_view
from engine.store.clinics import find_clinic
from engine.store.syncs.reading import list_syncs
from engine.sync import Sync
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console
from ops.terminal.tables import STYLES, ago, lasted, table

_COUNTS = ("added", "updated", "removed")


def latest(
    clinic: Annotated[str | None, Parameter(help="The clinic's slug; default: all clinics.")] = None,
    *,
    limit: Annotated[int, Parameter(help="Number of syncs.", validator=validators.Number(gte=1))] = 20,
    json: Json = False,
) -> None:
    """List the latest syncs, newest first.

    Example: `idexx-sync runs cedar-creek --limit 5`
    """
    syncs = asyncio.run(_latest(settings_here(), clinic, limit))
    if json:
        for sync in syncs:
            answer(sync_view(sync))
        return
    columns = ("when", "clinic", "status", "dates", *_COUNTS, "took", "sync")
    shown = table(*columns, right=("dates", *_COUNTS, "took"), wrap=("sync",))
    now = datetime.now(UTC)
    for sync in syncs:
        counts = [str(sync.stats[f"appointments_{what}"]) for what in _COUNTS]
        shown.add_row(
            *(ago(sync.created_at, now), sync.clinic, f"[{STYLES[sync.status]}]{sync.status}[/]{_but(sync)}"),
            *(f"{sync.dates_done}/{sync.dates_total}", *counts, lasted(sync.duration_ms), str(sync.id)),
        )
    console().print(shown if syncs else "no sync yet: idexx-sync sync CLINIC")


async def _latest(settings: Settings, clinic: str | None, limit: int) -> list[Sync]:
    async with open_database(database_url(settings)) as connection:
        clinic_id = (await find_clinic(connection, clinic)).id if clinic else None
        return await list_syncs(connection, clinic_id, limit)


def _but(sync: Sync) -> str:
    facts = [
        "dry run" if sync.dry_run else "",
        "partial" if sync.partial_success else "",
        f"{sync.removals_held} held" if sync.removals_held else "",
        f"{len(sync.warnings)} warning{'' if len(sync.warnings) == 1 else 's'}" if sync.warnings else "",
    ]
    text = ", ".join(filter(None, facts))
    return f" ({text})" if text else ""
