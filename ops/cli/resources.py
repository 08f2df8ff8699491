"""The command `clinic resources`: shows a clinic's rooms, and sets which of them count."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from actors.settings import Settings
from engine.store.clinics import find_clinic
from engine.store.reconciling import Resource, list_resources
from ops.cli.choose_columns import choose_columns
from ops.cli.rules.clinic_rules import change, read
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console, warn
from ops.terminal.tables import table

COUNTS = {True: "[green]yes[/]", False: "no", None: "[yellow]not chosen[/]"}


def resources(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")],
    *,
    count: Annotated[
        list[str] | None,
        Parameter(consume_multiple=True, negative=(), help="Ids or names of the rooms that count as capacity."),
    ] = None,
    all_: Annotated[
        bool,
        Parameter(name="--all", negative=(), show_default=False, help="Count all rooms that the portal has now."),
    ] = False,
    json: Json = False,
) -> None:
    """List a clinic's rooms with counts and examples of their appointments, or set which rooms count as capacity.

    A slot's capacity is the number of rooms that count; appointments in other rooms use none of it. `--count` is the
    same as `clinic rules set --columns`.

    Example: `idexx-sync clinic resources cedar-creek --count room-1 room-2`
    """
    if count and all_:
        raise CommandFailed("--count and --all exclude each other", status=Exit.USAGE)
    settings = settings_here()
    if count or all_:
        columns = tuple(count or read(settings, clinic).names.columns or ())
        if not columns:
            raise CommandFailed(f"no room of {clinic} is known", hint=f"idexx-sync sync {clinic}")
        change(settings, clinic, lambda rules: replace(rules, columns=columns))
    found = asyncio.run(_resources(settings, clinic))
    if json:
        for one in found:
            answer(asdict(one))
        return
    _show(clinic, found)


def _show(clinic: str, found: list[Resource]) -> None:
    shown = table(
        "room", "name", "appointments", "last", "types", "counts", right=("appointments",), wrap=("types",)
    )
    for one in found:
        shown.add_row(
            *(escape(one.room_id) or "(none)", escape(one.name or ""), str(one.appointments)),
            *(str(one.last_date or ""), escape(", ".join(one.types)), COUNTS[one.counts]),
        )
    console().print(shown if found else f"no sync of {clinic} has found a room yet: idexx-sync sync {clinic}")
    if any(one.counts is None for one in found):
        rooms = (one.room_id for one in found if one.room_id)
        warn(f"no columns are chosen: {choose_columns(clinic, rooms)}")


async def _resources(settings: Settings, slug: str) -> list[Resource]:
    async with open_database(database_url(settings)) as connection:
        return await list_resources(connection, await find_clinic(connection, slug))
