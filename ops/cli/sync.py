"""The commands `sync` and `cancel`."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import date
from typing import Annotated, Any

from cyclopts import Parameter, validators

from actors.messages import Subjects
from actors.settings import Settings
from engine.dates import MAX_DAYS
from ops.cli.outage import Outage
from ops.cli.plan import show_plan
from ops.cli.sync_all import sync_all
from ops.client.connections import open_nats
from ops.client.errors import CommandFailed
from ops.client.events import Event, events_of
from ops.client.exit_status import Exit, of_dry_run, of_ending
from ops.client.patience import patiently
from ops.client.requests import ask, find_over_nats, latest_over_nats, plan_of
from ops.local.discovery import nats_url, settings_here
from ops.terminal.durations import DEFAULT_PATIENCE, Patience, patience_of
from ops.terminal.follow import Show, until_ended
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import state_words


def sync(
    clinic: Annotated[str | None, Parameter(help="The clinic's slug; or --all.")] = None,
    *,
    all_: Annotated[
        bool, Parameter(name="--all", negative=(), show_default=False, help="Sync every clinic, at once.")
    ] = False,
    days: Annotated[
        int | None,
        Parameter(
            help="Number of days from today on; default: 14.",
            validator=validators.Number(gte=1, lte=MAX_DAYS),
        ),
    ] = None,
    start: Annotated[date | None, Parameter(help="The first date, YYYY-MM-DD, in the clinic's calendar.")] = None,
    end: Annotated[date | None, Parameter(help="The last date. A sync has at most 60 days.")] = None,
    dry_run: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Read everything, change nothing, print the plan."),
    ] = False,
    request_id: Annotated[str | None, Parameter(help="A repeated id follows the sync that it started.")] = None,
    wait: Annotated[
        bool, Parameter(show_default=False, help="Follow the sync to its end, or only request it.")
    ] = True,
    patience: Patience = DEFAULT_PATIENCE,
    json: Json = False,
) -> int:
    """Request a sync of a clinic and follow it to its end, also through a restart of NATS, gateway or PostgreSQL.

    Exit statuses: 0 completed, 1 failed, 2 refused, 3 partially completed, 4 login rejected, 5 removals held,
    6 unreachable, 7 queue full, 8 cancelled or timed out, 9 no permission. A completed dry run exits with 0, even if
    it would hold removals. With --all: 0 if every sync ended so, else the status that all others have, else 3.

    Example: `idexx-sync sync cedar-creek --days 14`, or `idexx-sync sync --all`
    """
    if (clinic is None) is not all_:
        wrong = "CLINIC is missing: give a clinic's slug, or --all" if clinic is None else "give CLINIC or --all"
        raise CommandFailed(wrong, status=Exit.USAGE, hint="idexx-sync sync --help")
    if (start is None) != (end is None) or (days is not None and start is not None):
        raise CommandFailed("give either --days, or both --start and --end", status=Exit.USAGE)
    body: dict[str, Any] = {
        "days_ahead": 14 if days is None and start is None and end is None else days,
        "start_date": start,
        "end_date": end,
        "request_id": request_id,
        "dry_run": dry_run or None,
    }
    seconds = patience_of(patience) if wait else None
    try:
        if clinic is None:
            return asyncio.run(sync_all(settings_here(), body, seconds, as_json=json))
        return asyncio.run(_sync(settings_here(), clinic, body, seconds, json))
    except KeyboardInterrupt:
        say(
            f"the sync continues; follow it with `idexx-sync watch {clinic}`, cancel it with "
            f"`idexx-sync cancel {clinic}`"
            if clinic
            else "the syncs continue; follow them with `idexx-sync watch`"
        )
        raise


async def _sync(settings: Settings, clinic: str, body: dict[str, Any], patience: int | None, as_json: bool) -> int:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings), keep=True) as client:
        reply = await ask(client, subjects, "sync", clinic, **body)
        if patience is None:
            _accepted(reply, as_json)
            return Exit.OK
        sync_id = reply["sync_id"]
        looked = Outage(patience, f"sync {sync_id} goes on", f"idexx-sync watch {sync_id}")
        events = events_of(client, subjects, clinic, sync_id, looked=looked)
        async with aclosing(events), Show(as_json=as_json) as show:
            ending = await until_ended(show, events)
        if body["dry_run"] and ending["event"] == "completed":
            plan = await patiently(lambda: plan_of(client, subjects, clinic, sync_id), looked)
            _show_plan(plan, ending, as_json)
            show.ended(ending)
            return of_dry_run(ending)
        show.ended(ending)
        return of_ending(ending)


def _show_plan(plan: list[dict[str, Any]], ending: Event, as_json: bool) -> None:
    held = ending["removals_held"]
    if as_json:
        answer({"event": "plan", "sync_id": ending["sync_id"], "removals_held": held, "plan": plan})
    else:
        show_plan(console(), plan, held)


def _accepted(reply: dict[str, Any], as_json: bool) -> None:
    if as_json:
        answer(reply)
        return
    place = f", position {reply['position']} in the queue" if reply["position"] else ""
    print(reply["sync_id"])
    say(f"{state_words(reply['status'])}{place}; follow it with `idexx-sync watch {reply['sync_id']}`")


def cancel(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")],
    sync_id: Annotated[
        str | None, Parameter(help="The sync's id or its first characters; default: the clinic's latest sync.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Cancel a queued or running sync. Safe to repeat.

    Example: `idexx-sync cancel cedar-creek`
    """
    asyncio.run(_cancel(settings_here(), clinic, sync_id, json))


async def _cancel(settings: Settings, clinic: str, sync_id: str | None, as_json: bool) -> None:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings)) as client:
        if sync_id is None:
            sync_id = (await latest_over_nats(client, subjects, clinic))["sync_id"]
        else:
            sync_id = (await find_over_nats(client, subjects, sync_id, clinic))["sync_id"]
        reply = await ask(client, subjects, "cancel", clinic, sync_id=sync_id)
    if as_json:
        answer(reply)
    else:
        say(f"sync {sync_id} of {clinic} is {state_words(reply['status'])}")
