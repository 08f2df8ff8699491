"""`status`: how fresh each clinic is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from actors.clinics import all_clinics
from actors.messages import Subjects
from actors.settings import Settings
from ops.cli.sync_page import show_sync
from ops.cli.tables import ago, table
from ops.cli.terminal import Json, answer, console
from ops.connections import open_database, open_nats
from ops.live.requests import ask
from ops.reach import database_url, nats_url, settings_here

Clinic = Annotated[str | None, Parameter(help="The clinic's slug; all clinics if it is left out.")]


def status(clinic: Clinic = None, *, json: Json = False) -> None:
    """How fresh each clinic is, or one clinic's latest sync with its dates.

    Example: `idexx-sync status` or `idexx-sync status cedar-creek`
    """
    settings = settings_here()
    if clinic is None:
        asyncio.run(_all_clinics(settings, json))
    else:
        asyncio.run(_one_clinic(settings, clinic, json))


async def _all_clinics(settings: Settings, as_json: bool) -> None:
    async with open_database(database_url(settings)) as connection:
        clinics = await all_clinics(connection)
    if as_json:
        answer({"ok": True, "clinics": clinics})
        return
    shown = table("clinic", "name", "zone", "fresh", "appointments", "", right=("appointments",), wrap=("name",))
    now = datetime.now(UTC)
    for one in clinics:
        fresh = ago(one["last_completed_at"], now) + (" (partly)" if one["last_partial"] else "")
        shown.add_row(one["slug"], one["name"], one["timezone"], fresh, str(one["appointments"]), _obstacle(one))
    console().print(shown if clinics else "no clinic is stored yet: idexx-sync clinic add")


def _obstacle(clinic: dict[str, Any]) -> str:
    if clinic["login_failure"]:
        return f"[red]{clinic['login_failure'].replace('_', ' ')}[/]"
    if not clinic["has_credentials"]:
        return "[yellow]no credentials[/]"
    return f"[yellow]{clinic['removals_held']} removals held[/]" if clinic["removals_held"] else ""


async def _one_clinic(settings: Settings, clinic: str, as_json: bool) -> None:
    async with open_nats(nats_url(settings)) as client:
        reply = await ask(client, Subjects(settings.subject_prefix), "status", clinic)
    if as_json:
        answer(reply)
        return
    out, about, sync = console(), reply["clinic"], reply["sync"]
    out.print(f"[bold]{about['name']}[/] ({about['slug']}, {about['timezone']})")
    fresh = about.get("last_completed_at")
    out.print(f"fresh: {ago(datetime.fromisoformat(fresh) if fresh else None, datetime.now(UTC))}")
    if about.get("login_failure"):
        out.print(f"[red]the portal does not let it in: {about['login_failure']}[/]")
    if sync is None:
        out.print(f"no sync yet: idexx-sync sync {clinic}")
        return
    show_sync(out, sync, datetime.now(UTC))
