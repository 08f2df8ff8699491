"""The command `status`: shows how fresh each clinic is, or one clinic's latest sync."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated, Any

from cyclopts import Parameter
from nats.aio.client import Client

from actors.messages import Subjects
from actors.settings import Settings
from actors.views.clinics import all_clinics
from engine.store.monitoring import clinic_figures
from engine.sync import SyncStatus
from ops.cli.problems import read_problems
from ops.cli.staleness_reasons import staleness_reasons
from ops.cli.status_page import show_clinic, show_clinics
from ops.cli.status_view import Read, StatusView
from ops.cli.status_watch import repeat
from ops.client.connections import open_database, open_nats
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.client.requests import ask
from ops.local.discovery import database_url, nats_url, settings_here
from ops.terminal.output import Json, answer, console, warn

Clinic = Annotated[str | None, Parameter(help="The clinic's slug; default: all clinics.")]

Check = Annotated[
    bool,
    Parameter(
        negative=(),
        show_default=False,
        help="Exit with 1 if a clinic is older than its freshness goal; with --problems, if there is one.",
    ),
]


def status(
    clinic: Clinic = None,
    *,
    problems: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Show only what needs a person, with the command.")
    ] = False,
    check: Check = False,
    watch: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Show it again every 2 s, until Ctrl-C.")
    ] = False,
    json: Json = False,
) -> int:
    """Show the freshness of each clinic, what needs a person, or one clinic's latest sync with its dates.

    The list of all clinics is read from the database; for one clinic and for problems, a gateway is asked over NATS.
    Without a gateway, the problems of clinics are read from the database.

    Example: `idexx-sync status`, `idexx-sync status --problems --watch` or `idexx-sync status cedar-creek --check`
    """
    if check and watch:
        raise CommandFailed("--check and --watch exclude each other", status=Exit.USAGE)
    settings = settings_here()
    read: Read = partial(_all_clinics, settings) if clinic is None else partial(_one_clinic, settings, clinic)
    if problems:
        read = partial(read_problems, settings, clinic)
    if watch:
        asyncio.run(repeat(read, as_json=json))
    view = asyncio.run(read())
    if json:
        answer(view.reply)
    else:
        view.show(console())
    if not (check and view.complaint):
        return Exit.OK
    if not json:
        warn(view.complaint)
    return Exit.FAILED


async def _all_clinics(settings: Settings) -> StatusView:
    async with open_database(database_url(settings)) as connection:
        clinics = await all_clinics(connection)
        figures = {one.slug: one for one in await clinic_figures(connection)}
    reasons = {one["slug"]: staleness_reasons(one, figures.get(one["slug"])) for one in clinics}
    views = [one | {"why_not": [words for words, _ in reasons[one["slug"]]]} for one in clinics]
    return StatusView(
        {"ok": True, "clinics": views},
        partial(show_clinics, clinics=clinics, reasons=reasons),
        _complaint(clinics),
    )


async def _one_clinic(settings: Settings, clinic: str) -> StatusView:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings)) as client:
        reply = await ask(client, subjects, "status", clinic)
        waits_for = await _running(client, subjects, clinic, reply["sync"])
    return StatusView(reply, partial(show_clinic, reply=reply, waits_for=waits_for), _complaint([reply["clinic"]]))


def _complaint(clinics: list[dict[str, Any]]) -> str | None:
    stale = [one["slug"] for one in clinics if one["is_fresh"] is False]
    return f"older than the freshness goal: {', '.join(stale)}" if stale else None


async def _running(
    client: Client, subjects: Subjects, clinic: str, latest: dict[str, Any] | None
) -> dict[str, Any] | None:
    """If the latest sync is queued, returns the oldest running one, which shows what the clinic waits for."""
    if latest is None or latest["status"] != SyncStatus.QUEUED:
        return None
    syncs = (await ask(client, subjects, "overview", clinic))["syncs"]
    running = [one["sync_id"] for one in syncs if one["status"] == SyncStatus.IN_PROGRESS]
    if not running:
        return None
    found: dict[str, Any] = (await ask(client, subjects, "status", clinic, sync_id=running[-1]))["sync"]
    return found
