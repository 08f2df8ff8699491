"""`watch`: syncs as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from actors.messages import Subjects
from actors.settings import Settings
from ops.cli.errors import CommandFailed
from ops.cli.exits import Exit, of_ending
from ops.cli.terminal import Json
from ops.connections import open_nats
from ops.live.events import LAST, Event, stream
from ops.live.show import Show, until_ended
from ops.reach import nats_url, settings_here


def watch(
    what: Annotated[
        str | None, Parameter(name="SYNC|CLINIC", help="A sync's id, or a clinic's slug; everything if left out.")
    ] = None,
    *,
    json: Json = False,
) -> int:
    """Show syncs live: one until its end, a clinic's, or all until Ctrl-C.

    Joined late, it shows the whole state first.

    Example: `idexx-sync watch` or `idexx-sync watch cedar-creek`
    """
    settings = settings_here()
    if what and _is_id(what):
        return asyncio.run(_watch_one(settings, what, json))
    return asyncio.run(_watch_all(settings, what or "*", json))


async def _watch_one(settings: Settings, sync_id: str, as_json: bool) -> int:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings)) as client:
        events = stream(client, subjects, sync_id=sync_id)
        async with aclosing(events), Show(as_json=as_json) as show:
            ending = await until_ended(show, _known(events, sync_id))
        show.ended(ending)
        return of_ending(ending)


async def _known(events: AsyncIterator[Event | None], sync_id: str) -> AsyncIterator[Event]:
    """The events; raises when there is none at the start."""
    known = False
    async for event in events:
        if event is not None:
            known = True
            yield event
        elif not known:
            what = f"no event of sync {sync_id} is on the stream"
            raise CommandFailed(what, status=Exit.USAGE, hint="idexx-sync runs")


async def _watch_all(settings: Settings, clinic: str, as_json: bool) -> int:
    # A sync that runs now began no longer ago than its time-out; one that waits, at most behind a queue of them.
    reach = settings.sync_timeout_ms * (1 + settings.max_queued_syncs)
    since = datetime.now(UTC) - timedelta(milliseconds=reach)
    async with open_nats(nats_url(settings)) as client:
        events = stream(client, Subjects(settings.subject_prefix), clinic=clinic, since=since)
        async with aclosing(events), Show(as_json=as_json) as show:
            async for event in _of_living(events):
                sync = show.event(event)
                if sync.ending:
                    show.board.syncs.pop(sync.sync_id)
                    show.ended(sync.ending)
    return Exit.OK


async def _of_living(events: AsyncIterator[Event | None]) -> AsyncIterator[Event]:
    """The events, without those of syncs that were over before one joined."""
    past: dict[str, list[Event]] | None = {}
    async for event in events:
        if past is None:
            if event is not None:
                yield event
        elif event is None:
            for one in (one for known in past.values() for one in known):
                yield one
            past = None
        elif event["event"] in LAST:
            past.pop(event["sync_id"], None)
        else:
            past.setdefault(event["sync_id"], []).append(event)


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
