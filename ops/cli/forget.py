"""The command `forget`: erases one person from the database."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

from cyclopts import Parameter

from actors.settings import Settings
from engine.portal.phones import e164
from engine.store.clinics import find_clinic
from engine.store.forgetting import FoundAppointment, Person, find_person, forget
from ops.cli.confirm import Yes, confirm
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, say

_MOST_DATES = 10


def forget_(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")],
    *,
    client: Annotated[tuple[str, ...], Parameter(help="The portal's id of the client.", negative=())] = (),
    phone: Annotated[tuple[str, ...], Parameter(help="A telephone number of the client.", negative=())] = (),
    email: Annotated[tuple[str, ...], Parameter(help="An email address of the client.", negative=())] = (),
    name: Annotated[
        tuple[str, ...], Parameter(help="The client's whole name, as it is stored.", negative=())
    ] = (),
    past: Annotated[
        bool,
        Parameter(
            negative=(),
            show_default=False,
            help="Erase past appointments that the portal still shows. A sync of their dates would restore them.",
        ),
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Erase one person: appointments, changes, snapshots, evidence and bookings. Asks first.

    Refuses while the portal shows the person, since the next sync would restore what was erased: delete the person
    there first, and sync the dates that the refusal names.

    Example: `idexx-sync forget cedar-creek --client 48213 --yes`
    """
    if not (client or phone or email or name):
        raise CommandFailed("give at least one of --client, --phone, --email, --name", status=Exit.USAGE)
    person = Person(client, phone, email, name)
    done = asyncio.run(_forget(settings_here(), clinic, person, past, yes))
    if json:
        answer({"ok": True, "clinic": clinic, "erased": done})
    else:
        say("erased: " + ", ".join(f"{count} {kind}" for kind, count in done.items()))


async def _forget(settings: Settings, slug: str, person: Person, past: bool, yes: bool) -> Mapping[str, int]:
    from datetime import UTC, datetime

    async with open_database(database_url(settings)) as connection:
        clinic = await find_clinic(connection, slug)
        numbers = {number for phone in person.phones for number in (phone, e164(phone, clinic.country)) if number}
        person = Person(person.client_ids, sorted(numbers), person.emails, person.names)
        found = await find_person(connection, clinic, person)
        today = clinic.today(datetime.now(UTC))
        shown = [one for one in found if one.is_live and not (past and one.date < today)]
        if shown:
            raise _still_shown(slug, shown)
        if not yes:
            confirm(f"Erase what is stored of this person in {slug} ({_described(found)})?")
        async with connection.transaction():
            return await forget(connection, clinic, person, found)


def _described(found: Sequence[FoundAppointment]) -> str:
    names = sorted({one.client_name for one in found if one.client_name})
    return f"{len(found)} appointments, of {', '.join(names) or 'nobody by name'}"


def _still_shown(slug: str, shown: Sequence[FoundAppointment]) -> CommandFailed:
    dates = sorted({one.date for one in shown})
    shown_dates = ", ".join(map(str, dates[:_MOST_DATES])) + (" …" if len(dates) > _MOST_DATES else "")
    return CommandFailed(
        f"the portal showed {len(shown)} appointments of this person when it was last read ({shown_dates}): "
        "the next sync of these dates would restore them",
        status=Exit.USAGE,
        hint=f"delete them in the portal, then idexx-sync sync {slug} --start {dates[0]} --end {dates[-1]}",
    )
