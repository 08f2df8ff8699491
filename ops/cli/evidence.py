"""The command `evidence`: shows what the portal displayed when dates of a sync failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter
from rich.markup import escape

from actors.settings import Settings
from engine.store.evidence import list_evidence
from ops.cli.runs.sync_id import SyncId, find_sync
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import table

Evidence = dict[str, Any]


def evidence(
    sync: SyncId,
    day: Annotated[date | None, Parameter(name="DATE", help="Show all details of one date.")] = None,
    *,
    save: Annotated[Path | None, Parameter(help="Write the screenshots to this folder.")] = None,
    json: Json = False,
) -> None:
    """Show what the portal returned for failed dates of a sync. Names and numbers are masked. Kept for 7 days.

    Example: `idexx-sync evidence 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa 2026-03-01 --save /tmp`
    """
    sync_id, found = asyncio.run(_read(settings_here(), sync, day))
    saved = _save(found, sync_id, save) if save else {}
    if json:
        for number, one in enumerate(found):
            answer({**one, "screenshot": saved.get(number, one["screenshot"] is not None)})
    elif not found:
        console().print("no evidence is stored: no date failed, or the evidence has expired")
    elif day is None:
        _list(found)
    else:
        for one in found:
            _show(one)
    for path in saved.values():
        say(f"wrote {path}")


async def _read(settings: Settings, text: str, day: date | None) -> tuple[UUID, list[Evidence]]:
    async with open_database(database_url(settings)) as connection:
        _, sync = await find_sync(connection, text)
        return sync.id, await list_evidence(connection, sync.id, day)


def _save(found: Sequence[Evidence], sync_id: UUID, folder: Path) -> dict[int, Path]:
    """Writes the screenshots, readable by their owner only; returns the files by number of evidence."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    saved: dict[int, Path] = {}
    for number, one in enumerate(found):
        if one["screenshot"] is not None:
            path = folder / f"{str(sync_id)[:8]}-{one['date']}-{number + 1}.png"
            path.touch(mode=0o600)
            path.write_bytes(one["screenshot"])
            saved[number] = path
    return saved


def _list(found: Sequence[Evidence]) -> None:
    shown = table("date", "at", "reason", "status", "what", "picture", right=("status",), wrap=("what",))
    for one in found:
        shown.add_row(
            *(str(one["date"]), f"{one['at']:%H:%M:%S}", one["reason"], str(one["http_status"] or "")),
            *(escape(one["message"]), "yes" if one["screenshot"] else "no"),
        )
    console().print(shown)


def _show(one: Evidence) -> None:
    out = console()
    out.print(f"[bold]{one['date']}[/] at {one['at']:%Y-%m-%d %H:%M:%S}: [red]{one['reason']}[/]")
    picture = f"{len(one['screenshot']) // 1024} KiB, see --save" if one["screenshot"] else "none"
    facts = {
        "what": one["message"],
        "address": one["address"],
        "title": one["title"],
        "status": one["http_status"],
        "headers": "; ".join(f"{name}: {value}" for name, value in one["headers"].items()),
        "picture": picture,
    }
    for name, value in facts.items():
        out.print(f"  {name:<8} {value if value is not None else ''}", markup=False, soft_wrap=True)
    out.print(one["body"], markup=False, soft_wrap=True)
