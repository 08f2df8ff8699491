"""`status` and `runs`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter

from actors.messages import Subjects
from actors.settings import Settings
from actors.views import sync_view
from engine.store.clinics import find_clinic, list_clinics
from engine.store.syncs.reading import list_syncs
from ops.cli.tables import STYLES, ago, lasted, table
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


def runs(
    clinic: Clinic = None,
    *,
    limit: Annotated[int, Parameter(help="How many.")] = 20,
    json: Json = False,
) -> None:
    """The latest syncs, the newest first.

    Example: `idexx-sync runs cedar-creek --limit 5`
    """
    asyncio.run(_runs(settings_here(), clinic, limit, json))


async def _all_clinics(settings: Settings, as_json: bool) -> None:
    async with open_database(database_url(settings)) as connection:
        clinics = await list_clinics(connection)
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
    return "" if clinic["has_credentials"] else "[yellow]no credentials[/]"


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
    style = STYLES[sync["status"]]
    out.print(f"latest sync: {sync['sync_id']} [{style}]{sync['status']}[/], {_span(sync)}")
    if sync["error_message"]:
        out.print(sync["error_message"], style="red", markup=False)
    shown = table("date", "state", "attempts", "why", "next try", "worker", right=("attempts",), wrap=("why",))
    for day in sorted(sync.get("dates", ()), key=lambda day: str(day["date"])):
        again = day["next_try_at"] or ""
        shown.add_row(
            *(day["date"], day["status"], str(day["attempts"])),
            *(day["reason"] or "", again[11:19], day["worker"] or ""),
        )
    out.print(shown)


def _span(sync: dict[str, Any]) -> str:
    return f"{sync['start_date']} to {sync['end_date']}, {sync['dates_done']} of {sync['dates_total']} dates done"


async def _runs(settings: Settings, clinic: str | None, limit: int, as_json: bool) -> None:
    async with open_database(database_url(settings)) as connection:
        clinic_id = (await find_clinic(connection, clinic)).id if clinic else None
        syncs = await list_syncs(connection, clinic_id, limit)
    if as_json:
        for sync in syncs:
            answer(sync_view(sync))
        return
    columns = ("when", "clinic", "status", "dates", "added", "updated", "removed", "took", "sync")
    shown = table(*columns, right=("dates", "added", "updated", "removed", "took"), wrap=("sync",))
    now = datetime.now(UTC)
    for sync in syncs:
        partly = (
            " (partly)" if sync.partial_success else f" ({sync.removals_held} held)" if sync.removals_held else ""
        )
        counts = [str(sync.stats[f"appointments_{what}"]) for what in ("added", "updated", "removed")]
        shown.add_row(
            *(ago(sync.created_at, now), sync.clinic, f"[{STYLES[sync.status]}]{sync.status}[/]{partly}"),
            *(f"{sync.dates_done}/{sync.dates_total}", *counts, lasted(sync.duration_ms), str(sync.id)),
        )
    console().print(shown if syncs else "no sync yet: idexx-sync sync CLINIC")
