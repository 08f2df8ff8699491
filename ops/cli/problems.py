"""`status --problems`: what needs a person, the most serious first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.text import Text

from actors.messages import ALL, Subjects, encode
from actors.settings import Settings
from engine.attention import attention_view
from engine.store.attention import attention
from engine.store.clinics import find_clinic
from ops.cli.status_view import StatusView
from ops.client.connections import open_database, open_nats
from ops.client.errors import explain
from ops.client.exit_status import Exit
from ops.client.requests import ask
from ops.local.discovery import database_url, nats_url
from ops.terminal.tables import ago

if TYPE_CHECKING:
    from rich.console import Console

Item = Mapping[str, Any]

WITHOUT_GATEWAY = "no gateway responds, so problems of the installation are left out: idexx-sync doctor"


async def read_problems(settings: Settings, clinic: str | None) -> StatusView:
    """Asks a gateway, which knows the problems of the installation too; without one, reads the database."""
    note = None
    try:
        async with open_nats(nats_url(settings)) as client:
            reply = await ask(client, Subjects(settings.subject_prefix), "overview", clinic or ALL)
            items: list[dict[str, Any]] = reply["attention"]
    except Exception as error:
        if explain(error)[0] is not Exit.UNREACHABLE:
            raise
        items, note = await _stored(settings, clinic), WITHOUT_GATEWAY
    said = None if not items else f"{len(items)} need a person" if len(items) > 1 else "1 needs a person"
    return StatusView(
        {"ok": True, "attention": items, "has_gateway": note is None},
        partial(show_problems, items=items, note=note),
        said,
    )


async def _stored(settings: Settings, clinic: str | None) -> list[dict[str, Any]]:
    async with open_database(database_url(settings)) as connection:
        clinic_id = (await find_clinic(connection, clinic)).id if clinic else None
        found = [attention_view(item) for item in await attention(connection, clinic_id)]
    # In the form of a reply over NATS, because the same page shows both.
    views: list[dict[str, Any]] = json.loads(encode(found))
    return views


def show_problems(out: Console, *, items: Sequence[Item], note: str | None) -> None:
    """Prints each with how long it has lasted, and the command or the sentence that says what to do."""
    now = datetime.now(UTC)
    for item in items:
        mark = ("✗ ", "red") if item["clinic"] is None else ("! ", "yellow")
        lasts = ago(datetime.fromisoformat(item["since"]), now).removesuffix(" ago")
        out.print(Text.assemble(mark, item["message"], (f", for {lasts}", "dim")))
        out.print(Text(f"  → {item['command'] or item['remedy']}", style="dim"), soft_wrap=True)
    if not items:
        out.print("[green]✓[/] nothing needs a person")
    if note is not None:
        out.print(note, style="yellow")
