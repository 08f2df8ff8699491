"""The command `history`: shows the changes of an appointment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from cyclopts import Parameter
from rich.markup import escape

from actors.settings import Settings
from engine.store.clinics import find_clinic, list_clinics
from engine.store.reconciling import Change
from engine.store.reconciling import history as history_of
from ops.cli.changes import colour, other_fields, places, who
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console
from ops.terminal.tables import table


def history(
    appointment: Annotated[
        str, Parameter(help="The portal's id of the appointment, or its UUID in the database.")
    ],
    *,
    clinic: Annotated[
        str | None, Parameter(help="Required if two clinics have an appointment with this id.")
    ] = None,
    json: Json = False,
) -> None:
    """Show all changes of an appointment, oldest first, with names. Times are the clinic's.

    Example: `idexx-sync history 48213 --clinic cedar-creek`
    """
    found, changes = asyncio.run(_find(settings_here(), appointment, clinic))
    slug, zone = found["slug"], ZoneInfo("UTC" if found["timezone_problem"] else found["timezone"] or "UTC")
    if json:
        for change in changes:
            answer({"clinic": slug, **asdict(change)})
        return
    out = console()
    out.print(
        f"appointment {appointment} of [bold]{slug}[/]: {escape(who(changes[-1].after or changes[-1].before))}"
    )
    shown = table("at", "what", "when", "changes", "by", wrap=("changes",))
    for change in changes:
        at = f"{change.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        shown.add_row(
            *(at, colour(change.kind), places(change.before, change.after)),
            *(escape(other_fields(change.before, change.after)), _by(change)),
        )
    out.print(shown)


async def _find(
    settings: Settings, appointment: str, clinic: str | None
) -> tuple[Mapping[str, Any], list[Change]]:
    """Returns the clinic and the changes. Raises if there are none, or if several clinics have some."""
    async with open_database(database_url(settings)) as connection:
        clinics = await list_clinics(connection)
        if clinic is not None:
            known = await find_clinic(connection, clinic)
            clinics = [one for one in clinics if one["id"] == known.id]
        found = [(one, await history_of(connection, one["id"], appointment)) for one in clinics]
    found = [(one, changes) for one, changes in found if changes]
    if len(found) == 1:
        return found[0]
    if found:
        slugs = ", ".join(one["slug"] for one, _ in found)
        raise CommandFailed(
            f"{slugs} each have an appointment {appointment}", status=Exit.USAGE, hint="add --clinic"
        )
    where = f"clinic {clinic!r}" if clinic else "no clinic"
    raise CommandFailed(
        f"{where} has {'no' if clinic else 'a'} change of an appointment {appointment!r}; "
        "changes are kept for a limited time",
        status=Exit.USAGE,
    )


def _by(change: Change) -> str:
    return f"undo of {change.sync_id}" if change.is_undo else str(change.sync_id)
