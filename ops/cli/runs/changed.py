"""The commands `runs diff|undo`: show and undo the changes of syncs to a calendar."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from rich.markup import escape

from actors.settings import Settings
from engine.clinic import Clinic
from engine.steps.undo_sync import undo_sync
from engine.store.database import Database
from engine.store.reconciling import Difference, Undone, changes_of, difference, net_changes_of
from ops.cli.changes import colour, kind_of, other_fields, places, who
from ops.cli.confirm import Yes, confirm
from ops.cli.runs.sync_id import SyncId, find_sync
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console, say
from ops.terminal.tables import table


def diff(a: SyncId, b: SyncId | None = None, *, json: Json = False) -> None:
    """Show what a sync changed in its clinic's calendar, with names; or the changes between the ends of two syncs.

    Example: `idexx-sync runs diff 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa 77a9d4a2-0c0b-4b57-9d57-6a1f0d2f6c11`
    """
    found = asyncio.run(_diff(settings_here(), a, b))
    if json:
        for one in found:
            answer({"kind": kind_of(one.before, one.after), **asdict(one)})
        return
    shown = table("what", "when", "who", "changes", "appointment", wrap=("who", "changes"))
    for one in found:
        before, after = one.before, one.after
        shown.add_row(
            *(colour(kind_of(before, after)), places(before, after), escape(who(after or before))),
            *(escape(other_fields(before, after)), escape(one.neo_appointment_id)),
        )
    nothing = "it changed nothing" if b is None else "nothing changed between the two"
    console().print(shown if found else nothing)


async def _diff(settings: Settings, a: str, b: str | None) -> Sequence[Difference]:
    async with open_database(database_url(settings)) as connection:
        clinic, one = await find_sync(connection, a)
        if b is None:
            return sorted(await net_changes_of(connection, one.id), key=_when)
        other, then = await find_sync(connection, b)
        if other.id != clinic.id:
            raise CommandFailed(
                f"the first sync is of {clinic.slug}, the second of {other.slug}; give two syncs of one clinic",
                status=Exit.USAGE,
                hint="idexx-sync runs",
            )
        return await difference(connection, clinic.id, one.id, then.id)


def _when(one: Difference) -> tuple[str, str]:
    values = one.after or one.before or {}
    return str(values["date"]), str(values["start_time"])


def undo(sync: SyncId, *, yes: Yes = False, json: Json = False) -> None:
    """Undo the removals and changes of a sync, except where a later change exists. Asks for a confirmation.

    Appointments that the sync added stay. The next sync stores again what the portal shows.

    Example: `idexx-sync runs undo 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa --yes`
    """
    sync_id, undone = asyncio.run(_undo(settings_here(), sync, yes))
    if json:
        answer({"ok": True, "sync_id": sync_id, **asdict(undone)})
    else:
        say(_summary(undone))


def _summary(undone: Undone) -> str:
    if undone == Undone():
        return "nothing to undo: the sync removed and changed nothing, or all of it has later changes"
    return f"undone: {undone.restored} restored, {undone.moved} moved back, {undone.updated} changed back"


async def _undo(settings: Settings, text: str, yes: bool) -> tuple[UUID, Undone]:
    clinic, sync_id, did = await _what_it_did(settings, text)
    if did and not yes:
        confirm(f"Undo what sync {sync_id} of {clinic.slug} did ({did})?")
    database = Database(database_url(settings), size=1)
    try:
        return sync_id, await undo_sync(database, clinic, sync_id)
    finally:
        await database.close()


async def _what_it_did(settings: Settings, text: str) -> tuple[Clinic, UUID, str]:
    async with open_database(database_url(settings)) as connection:
        clinic, sync = await find_sync(connection, text)
        changes = await changes_of(connection, sync.id)
    undoable = ("updated", "moved", "removed")
    kinds = Counter(change.kind for change in changes if change.kind in undoable and not change.is_undo)
    return clinic, sync.id, ", ".join(f"{count} {kind}" for kind, count in kinds.items())
