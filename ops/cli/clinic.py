"""The commands `clinic add|list|show|remove`, and the groups for a clinic's settings."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from cyclopts import App, Parameter

from actors.settings import Settings
from engine.store import clinics as store
from ops.cli.configuration import config
from ops.cli.confirm import Yes, confirm
from ops.cli.goal import goal
from ops.cli.importing.clinics import import_
from ops.cli.resources import resources
from ops.cli.rules import rules
from ops.cli.schedule import schedule
from ops.cli.status import status
from ops.cli.webhook import webhook
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.durations import MaxAge, seconds_of
from ops.terminal.output import Json, answer, say

clinic = App(
    name="clinic", help="Add, list, show and remove clinics; manage their rules, schedules, goals and webhooks."
)

clinic.command(import_, name="import")
clinic.command(rules)
clinic.command(resources)
clinic.command(config)
clinic.command(schedule)
clinic.command(goal)
clinic.command(webhook)

Slug = Annotated[
    str, Parameter(help="The clinic's slug, its identifier in subjects and commands: a-z, 0-9 and '-'.")
]


@clinic.command
def add(
    slug: Slug,
    *,
    name: Annotated[str, Parameter(help="The clinic's display name.")],
    timezone: Annotated[str, Parameter(help="The clinic's IANA time zone, such as America/Chicago.")],
    country: Annotated[
        str | None,
        Parameter(
            help="ISO 3166 country code, which decides how local phone numbers are read; default for "
            "a new clinic: US."
        ),
    ] = None,
    max_age: MaxAge = None,
    json: Json = False,
) -> None:
    """Add a clinic, or change the clinic with this slug.

    Example: `idexx-sync clinic add cedar-creek --name "Cedar Creek Vets" --timezone America/Chicago`
    """
    # Imported here because it loads slowly and only this command needs it.
    from engine.portal.phones import check_country

    wanted = None if max_age is None else seconds_of(max_age)
    country = None if country is None else check_country(country)
    if not name.strip():
        raise CommandFailed("--name is empty; give the clinic's display name", status=Exit.USAGE)

    async def run(settings: Settings) -> Any:
        async with open_database(database_url(settings)) as connection, connection.transaction():
            stored = await store.add_clinic(connection, slug, name, timezone, country)
            if max_age is not None:
                await store.set_goal(connection, stored, wanted)
            return stored

    stored = asyncio.run(run(settings_here()))
    if json:
        answer({"ok": True, "clinic": asdict(stored)})
    else:
        say(f"stored {slug}; next: idexx-sync credentials set {slug}")


@clinic.command(name="list")
def list_(*, json: Json = False) -> None:
    """List all clinics with their freshness, like `status`.

    Example: `idexx-sync clinic list --json`
    """
    status(json=json)


@clinic.command
def show(slug: Slug, *, json: Json = False) -> None:
    """Show a clinic and its latest sync, like `status CLINIC`.

    Example: `idexx-sync clinic show cedar-creek`
    """
    status(slug, json=json)


@clinic.command
def remove(
    slug: Slug,
    *,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Remove a clinic and all its data, after a confirmation.

    Example: `idexx-sync clinic remove cedar-creek --yes`
    """
    asyncio.run(_remove(settings_here(), slug, yes))
    if json:
        answer({"ok": True, "removed": slug})
    else:
        say(f"removed {slug}")


async def _remove(settings: Settings, slug: str, yes: bool) -> None:
    async with open_database(database_url(settings)) as connection:
        found = await store.find_clinic(connection, slug)
        if not yes:
            confirm(f"Remove {found.name} ({slug}) with all its appointments, slots and syncs?")
        await store.remove_clinic(connection, found.id)
