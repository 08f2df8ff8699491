"""The command `watch`: shows syncs live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Annotated, Any

from cyclopts import Parameter
from nats.aio.client import Client

from actors.messages import ALL, Subjects
from actors.settings import Settings
from engine.clinic import SLUG
from engine.sync_reference import id_range
from ops.cli.outage import Outage
from ops.client.connections import open_nats
from ops.client.events import events_of, events_of_all
from ops.client.exit_status import Exit, of_ending
from ops.client.requests import find_over_nats, is_clinic
from ops.local.discovery import nats_url, settings_here
from ops.terminal.durations import DEFAULT_PATIENCE, Patience, patience_of
from ops.terminal.follow import Show, until_ended
from ops.terminal.output import Json


def watch(
    what: Annotated[
        str | None,
        Parameter(
            name="SYNC-OR-CLINIC", help="A sync's id or its first characters, or a clinic's slug; default: all."
        ),
    ] = None,
    *,
    patience: Patience = DEFAULT_PATIENCE,
    json: Json = False,
) -> int:
    """Follow syncs live: one until its end, those of a clinic, or all until Ctrl-C.

    It first shows the current state. It needs only NATS, and goes on through restarts of NATS, gateway or PostgreSQL.
    The exit status for one sync is that of `sync`.

    Example: `idexx-sync watch` or `idexx-sync watch cedar-creek`
    """
    settings = settings_here()
    return asyncio.run(_watch(settings, what, patience_of(patience), json))


async def _watch(settings: Settings, what: str | None, patience: int, as_json: bool) -> int:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings), keep=True) as client:
        if what is None or await _is_clinic(client, subjects, what):
            return await _watch_all(client, subjects, what or ALL, patience, as_json)
        return await _watch_one(client, subjects, await find_over_nats(client, subjects, what), patience, as_json)


async def _is_clinic(client: Client, subjects: Subjects, what: str) -> bool:
    """Whether the text is a clinic's slug; one that cannot be the start of a sync's id is not asked for."""
    ids = id_range(what)
    if ids is None:
        return bool(SLUG.fullmatch(what))
    if ids[0] == ids[1]:
        return False
    return await is_clinic(client, subjects, what)


async def _watch_one(
    client: Client, subjects: Subjects, sync: dict[str, Any], patience: int, as_json: bool
) -> int:
    sync_id = sync["sync_id"]
    looked = Outage(patience, f"sync {sync_id} goes on", f"idexx-sync watch {sync_id}")
    events = events_of(client, subjects, sync["clinic"], sync_id, looked=looked)
    async with aclosing(events), Show(as_json=as_json) as show:
        ending = await until_ended(show, events)
    show.ended(ending)
    return of_ending(ending)


async def _watch_all(client: Client, subjects: Subjects, clinic: str, patience: int, as_json: bool) -> int:
    again = "idexx-sync watch" if clinic == ALL else f"idexx-sync watch {clinic}"
    events = events_of_all(client, subjects, clinic, looked=Outage(patience, "the syncs go on", again))
    async with aclosing(events), Show(as_json=as_json) as show:
        async for event in events:
            sync = show.event(event)
            if sync.ending:
                show.ended(sync.ending)
                show.board.syncs.pop(sync.sync_id)
    return Exit.OK
