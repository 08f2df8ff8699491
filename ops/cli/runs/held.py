"""The commands `runs plan|approve|reject`: show and decide on removals that a sync holds back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.markup import escape

from actors.messages import Subjects
from actors.settings import Settings
from engine.removals import MissingAppointment
from engine.store.reconciling import PlannedChange, held_removals, planned_changes
from engine.sync import Sync
from ops.cli.changes import place, who
from ops.cli.confirm import Yes, confirm
from ops.cli.plan import show_named_plan
from ops.cli.runs.sync_id import SyncId, find_sync
from ops.client.connections import open_database, open_nats
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.client.requests import ask, find_over_nats
from ops.local.discovery import database_url, nats_url, settings_here
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import ago, table


def plan(sync: SyncId, *, json: Json = False) -> None:
    """Show the held removals of a sync, or the planned changes of a dry run, with patients, clients and columns.

    Reads the database: names are never on NATS.

    Example: `idexx-sync runs plan 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa`
    """
    found, held, planned = asyncio.run(_plan(settings_here(), sync))
    if json:
        view = {"ok": True, "sync_id": found.id, "clinic": found.clinic, "held": [asdict(one) for one in held]}
        answer(view | ({"plan": [asdict(one) for one in planned]} if found.dry_run else {}))
    elif found.dry_run:
        show_named_plan(console(), planned, found.removals_held)
    else:
        _show_held(found, held)


async def _plan(settings: Settings, text: str) -> tuple[Sync, list[MissingAppointment], list[PlannedChange]]:
    async with open_database(database_url(settings)) as connection:
        clinic, sync = await find_sync(connection, text)
        planned = await planned_changes(connection, clinic, sync.id, sync.plan or [])
        return sync, await held_removals(connection, sync.id), planned


def _show_held(sync: Sync, held: Sequence[MissingAppointment]) -> None:
    out, now = console(), datetime.now(UTC)
    if not held:
        out.print(f"sync {sync.id} of {sync.clinic} has no held removals")
        return
    shown = table("when", "who", "type", "provider", "appointment", "missing since", wrap=("who", "type"))
    for one in held:
        values = asdict(one)
        shown.add_row(
            *(place(values), escape(who(values)), escape(one.appointment_type or "")),
            *(escape(one.provider_name or ""), escape(one.neo_appointment_id), ago(one.missing_since, now)),
        )
    out.print(shown)
    days = Counter(one.date.isoformat() for one in held)
    out.print(f"{len(held)} held removals: " + ", ".join(f"{n} on {day}" for day, n in days.items()))
    out.print(f"  to remove the appointments: idexx-sync runs approve {sync.id}", soft_wrap=True)
    out.print(f"  to keep the appointments:   idexx-sync runs reject {sync.id}", soft_wrap=True)


def approve(sync: SyncId, *, yes: Yes = False, json: Json = False) -> None:
    """Carry out the held removals of a sync, after a confirmation. `runs undo` reverts them.

    Example: `idexx-sync runs approve 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa --yes`
    """
    reply = asyncio.run(_decide(settings_here(), "approve", "Remove", sync, yes))
    _print_outcome(reply, "removed", json)


def reject(sync: SyncId, *, yes: Yes = False, json: Json = False) -> None:
    """Drop the held removals of a sync, after a confirmation: the appointments stay.

    If the next sync still does not find them, it holds their removals again.

    Example: `idexx-sync runs reject 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa --yes`
    """
    reply = asyncio.run(_decide(settings_here(), "reject", "Keep", sync, yes))
    _print_outcome(reply, "kept", json)


async def _decide(settings: Settings, verb: str, deed: str, text: str, yes: bool) -> dict[str, Any]:
    subjects = Subjects(settings.subject_prefix)
    async with open_nats(nats_url(settings)) as client:
        found = await find_over_nats(client, subjects, text)
        clinic, sync_id = found["clinic"], found["sync_id"]
        held = 0 if found["dry_run"] else found["removals_held"]
        if not held:
            raise CommandFailed(
                f"sync {sync_id} of {clinic} has no held removals", status=Exit.USAGE, hint="idexx-sync runs"
            )
        if not yes:
            confirm(f"{deed} the {held} appointments whose removal sync {sync_id} of {clinic} holds?")
        return await ask(client, subjects, verb, clinic, sync_id=sync_id)


def _print_outcome(reply: dict[str, Any], done: str, as_json: bool) -> None:
    if as_json:
        answer(reply)
    else:
        say(f"{done} {reply['removals']} appointments")
