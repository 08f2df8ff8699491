"""The command `runs`: lists the latest syncs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter, validators

from actors.settings import Settings
from actors.views import sync_view
from engine.store.clinics import find_clinic
from engine.store.syncs.reading import list_syncs
from engine.sync import Sync
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import since_of
from ops.terminal.output import Json, answer, console, say
from ops.terminal.progress import COUNTS
from ops.terminal.tables import STYLES, ago, lasted, state_words, table

#: Below this width, the list has the first characters of ids, which every command accepts, and one column of counts.
WIDE, SHORT = 120, 8


def latest(
    clinic: Annotated[str | None, Parameter(help="The clinic's slug; default: all clinics.")] = None,
    *,
    failed: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Only those that failed, timed out or left dates out."),
    ] = False,
    since: Annotated[
        str | None, Parameter(help="Only those that were requested or ended within this time, such as 30m or 2h.")
    ] = None,
    limit: Annotated[int, Parameter(help="Number of syncs.", validator=validators.Number(gte=1))] = 20,
    json: Json = False,
) -> None:
    """List the latest syncs, newest first.

    Example: `idexx-sync runs cedar-creek --limit 5`, or `idexx-sync runs --failed --since 2h`
    """
    within = None if since is None else since_of(since)
    syncs = asyncio.run(_latest(settings_here(), clinic, limit, within, failed))
    if json:
        for sync in syncs:
            answer(sync_view(sync))
        return
    now, out = datetime.now(UTC), console()
    is_wide = out.width >= WIDE
    changes = tuple(COUNTS.values()) if is_wide else ("changes",)
    columns = ("when", "clinic", "status", "dates", *changes, "took", "sync")
    shown = table(*columns, right=("dates", *changes, "took"), wrap=("sync",))
    for sync in syncs:
        counts = [str(sync.stats[name]) for name in COUNTS]
        shown.add_row(
            *(
                ago(sync.created_at, now),
                sync.clinic,
                f"[{STYLES[sync.status]}]{state_words(sync.status)}[/]{_but(sync)}",
            ),
            *(
                f"{sync.dates_done}/{sync.dates_total}",
                *(counts if is_wide else ["+{} ~{} -{}".format(*counts)]),
                lasted(sync.duration_ms),
            ),
            str(sync.id) if is_wide else str(sync.id)[:SHORT],
        )
    none = "no such sync" if failed or since else "no sync yet: idexx-sync sync CLINIC"
    out.print(shown if syncs else none)
    if len(syncs) == limit:
        say(f"the latest {limit}; for more: --limit {5 * limit}")


async def _latest(
    settings: Settings, clinic: str | None, limit: int, since: timedelta | None, failed: bool
) -> list[Sync]:
    async with open_database(database_url(settings)) as connection:
        clinic_id = (await find_clinic(connection, clinic)).id if clinic else None
        return await list_syncs(connection, clinic_id, limit, since=since, failed=failed)


def _but(sync: Sync) -> str:
    facts = [
        "dry run" if sync.dry_run else "",
        "partial" if sync.partial_success else "",
        f"{sync.removals_held} held" if sync.removals_held else "",
        f"{len(sync.warnings)} warning{'' if len(sync.warnings) == 1 else 's'}" if sync.warnings else "",
    ]
    text = ", ".join(filter(None, facts))
    return f" ({text})" if text else ""
