"""The command `watch`: shows syncs live."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from actors.messages import ALL, Subjects
from actors.settings import Settings
from engine.clinic import check_slug
from ops.client.connections import open_nats
from ops.client.errors import CommandFailed
from ops.client.events import events_of, events_of_all
from ops.client.exit_status import Exit, of_ending
from ops.client.requests import find_over_nats
from ops.local.discovery import nats_url, settings_here
from ops.terminal.follow import Show, until_ended
from ops.terminal.output import Json, say, warn


def watch(
    what: Annotated[
        str | None, Parameter(name="SYNC|CLINIC", help="A sync's id, or a clinic's slug; default: all clinics.")
    ] = None,
    *,
    json: Json = False,
) -> int:
    """Follow syncs live: one until its end, those of a clinic, or all until Ctrl-C.

    It first shows the current state. It needs only NATS.

    Example: `idexx-sync watch` or `idexx-sync watch cedar-creek`
    """
    settings = settings_here()
    if what and _is_id(what):
        return asyncio.run(_watch_one(settings, what, json))
    return asyncio.run(_watch_all(settings, check_slug(what) if what else ALL, json))


async def _watch_one(settings: Settings, sync_id: str, as_json: bool) -> int:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings)) as client:
        clinic = (await find_over_nats(client, subjects, sync_id))["clinic"]
        events = events_of(client, subjects, clinic, sync_id)
        async with aclosing(events), Show(as_json=as_json) as show:
            ending = await until_ended(show, events)
        show.ended(ending)
        return of_ending(ending)


async def _watch_all(settings: Settings, clinic: str, as_json: bool) -> int:
    async with open_nats(nats_url(settings), keep=True) as client:
        events = events_of_all(client, Subjects(settings.subject_prefix), clinic, looked=_GatewayStatus())
        async with aclosing(events), Show(as_json=as_json) as show:
            async for event in events:
                sync = show.event(event)
                if sync.ending:
                    show.ended(sync.ending)
                    show.board.syncs.pop(sync.sync_id)
    return Exit.OK


class _GatewayStatus:
    """Prints once that no gateway responds, and once that one does again."""

    def __init__(self) -> None:
        self._is_away = False

    def __call__(self, failure: CommandFailed | None) -> None:
        if failure and not self._is_away:
            warn(f"{failure}; events in the meantime are shown when a gateway responds again")
        elif self._is_away and not failure:
            say("a gateway responds again")
        self._is_away = failure is not None


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
