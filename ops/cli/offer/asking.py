"""Asks a gateway about a clinic's offer, and reads the names that its reply leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import asyncpg
from cyclopts import Parameter

from actors.messages import Subjects
from actors.settings import Settings
from engine.errors import EngineError, UnknownClinic
from engine.store.clinics import find_clinic
from engine.store.offer.asking import PersonalNames, personal_names
from ops.client.connections import open_database, open_nats
from ops.client.errors import Refused
from ops.client.requests import ask
from ops.local.discovery import nats_url
from ops.terminal.output import warn

Slug = Annotated[str, Parameter(name="CLINIC", help="The clinic's slug.")]
Type = Annotated[
    str | None, Parameter(help="The appointment type, as the portal calls it; it decides the length.")
]
Minutes = Annotated[int | None, Parameter(help="The length in minutes, instead of that of the type.")]
Column = Annotated[str | None, Parameter(help="Only this column: its id, or its name.")]
Provider = Annotated[str | None, Parameter(help="Only this provider: its id, or its name.")]


async def ask_offer(settings: Settings, verb: str, clinic: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the gateway's reply; to `free` with all starts, however many replies they take."""
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings)) as client:
        reply = await ask(client, subjects, verb, clinic, **body)
        while reply.get("has_more"):
            after = reply["starts"][-1]["starts_at"]
            page = await ask(client, subjects, verb, clinic, **body, after=after)
            reply |= {"starts": [*reply["starts"], *page["starts"]], "has_more": page["has_more"]}
        return reply


async def names_for(settings: Settings, clinic: str) -> PersonalNames:
    """The names that replies on NATS leave out; none if PostgreSQL is not at hand."""
    if settings.database_url is None:
        return PersonalNames()
    try:
        async with open_database(settings.database_url) as connection:
            return await personal_names(connection, (await find_clinic(connection, clinic)).id)
    except UnknownClinic:
        return PersonalNames()  # the gateway refuses the clinic
    except (EngineError, asyncpg.PostgresError) as error:
        warn(f"ids instead of names, since PostgreSQL cannot be read: {error}")
        return PersonalNames()


def with_ids(body: Mapping[str, Any], names: PersonalNames) -> dict[str, Any]:
    """The request with ids for the names of a column and a provider, so that no name is sent."""
    ids = {"column": names.columns, "provider": names.providers}
    return dict(body) | {part: _id(known, body[part]) for part, known in ids.items()}


@contextmanager
def naming(body: Mapping[str, Any], names: PersonalNames) -> Iterator[None]:
    """Names what a person typed, and what there is, where the gateway refuses a column or provider by ids only."""
    try:
        yield
    except Refused as refused:
        field = refused.args[0].partition(":")[0]
        known = {"column": names.columns, "provider": names.providers}.get(field)
        if not known or not body.get(field):
            raise
        listed = ", ".join(sorted(known.values(), key=str.casefold))
        message = f"{field}: the clinic has no {field} {body[field]!r}; it has {listed}"
        raise Refused(refused.code, refused.reason, message) from None


def _id(names: Mapping[str, str], given: str | None) -> str | None:
    """The id of what a person named; the text itself if no name matches."""
    if given is None or given in names:
        return given
    found = [id_ for id_, name in names.items() if name.casefold() == given.strip().casefold()]
    return found[0] if len(found) == 1 else given
