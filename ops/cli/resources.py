"""The command `clinic resources`: shows and sets which of a clinic's rooms count as capacity."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from actors.settings import Settings
from engine.store.clinics import find_clinic
from engine.store.reconciling import Resource, list_resources, set_resources
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import table


def resources(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")],
    *,
    count: Annotated[
        list[str] | None,
        Parameter(consume_multiple=True, negative=(), help="Ids of the rooms that count as capacity."),
    ] = None,
    all_: Annotated[
        bool,
        Parameter(name="--all", negative=(), show_default=False, help="Count all rooms that the portal shows."),
    ] = False,
    json: Json = False,
) -> None:
    """List a clinic's rooms with counts and examples of their appointments, or set which rooms count as capacity.

    A slot's capacity is the number of rooms that count; appointments in other rooms use none of it. The next sync
    updates the slots.

    Example: `idexx-sync clinic resources cedar-creek --count room-1 room-2`
    """
    if count and all_:
        raise CommandFailed("--count and --all exclude each other", status=Exit.USAGE)
    found = asyncio.run(_resources(settings_here(), clinic, count, all_))
    if json:
        for one in found:
            answer(asdict(one))
        return
    shown = table(
        "room", "name", "appointments", "last", "types", "counts", right=("appointments",), wrap=("types",)
    )
    for one in found:
        shown.add_row(
            *(escape(one.room_id) or "(none)", escape(one.name or ""), str(one.appointments)),
            *(str(one.last_date or ""), escape(", ".join(one.types)), "[green]yes[/]" if one.counts else "no"),
        )
    console().print(shown if found else f"no sync of {clinic} has found a room yet: idexx-sync sync {clinic}")
    if count or all_:
        say(f"the next sync updates the slots: idexx-sync sync {clinic}")


async def _resources(settings: Settings, slug: str, count: Sequence[str] | None, every: bool) -> list[Resource]:
    async with open_database(database_url(settings)) as connection:
        clinic = await find_clinic(connection, slug)
        if count:
            _check(slug, count, {one.room_id for one in await list_resources(connection, clinic)})
        if count or every:
            await set_resources(connection, clinic, count or None)
            clinic = await find_clinic(connection, slug)
        return await list_resources(connection, clinic)


def _check(slug: str, count: Sequence[str], seen: set[str]) -> None:
    if unknown := sorted(set(count) - seen):
        raise CommandFailed(
            f"clinic {slug!r} has no room {', '.join(unknown)}",
            status=Exit.USAGE,
            hint=f"idexx-sync clinic resources {slug}",
        )
