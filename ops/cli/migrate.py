"""The command `migrate`: updates the tables, shows what it would do, or gives a predecessor its database back."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ops.client.connections import open_database, require_sessions
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, say, warn

if TYPE_CHECKING:
    from engine.store.predecessor import Check

#: What was found, by `Check.start`.
_FOUND = {
    "empty": "an empty database",
    "ours": "a database of idexx-sync",
    "predecessor": "the database of the service that idexx-sync replaces",
}


def migrate(
    *,
    check: Annotated[
        bool, Parameter(negative=(), help="Only print what would be done to which table, and what does not fit.")
    ] = False,
    undo: Annotated[
        bool, Parameter(negative=(), help="Give the service before its database back, with the data of today.")
    ] = False,
    row_level_security: Annotated[
        bool, Parameter(negative=(), help="Switch row-level security on wherever a shared table has it off.")
    ] = False,
    accept: Annotated[
        list[str] | None,
        Parameter(consume_multiple=True, negative=(), help="Constraints of other programs that may stay."),
    ] = None,
    json: Json = False,
) -> None:
    """Migrate the database's tables to this version. Safe to repeat.

    All of it is one transaction: it succeeds, or leaves the database as it was. Give it a session of its own: behind a
    pooler, in session mode. Where a step needs it, it refuses while gateways or workers run, and names them.

    Example: `DATABASE_URL=postgresql://… idexx-sync migrate`
    """
    url = database_url(settings_here())
    if check:
        _print_check(asyncio.run(_check(url, accept or [])), json)
    elif undo:
        _print_undone(asyncio.run(_undo(url)), json)
    else:
        applied, notes = asyncio.run(_migrate(url, accept or [], row_level_security=row_level_security))
        _print_applied(applied, notes, json)


async def _migrate(url: str, accepted: list[str], *, row_level_security: bool) -> tuple[list[str], list[str]]:
    from engine.store.migrate import migrate
    from engine.store.predecessor import notes, secure

    await require_sessions(url, "`idexx-sync migrate`")
    async with open_database(url) as connection, connection.transaction():
        applied = await migrate(connection, accepted=accepted)
        if row_level_security:
            await secure(connection)
        return applied, await notes(connection)


async def _check(url: str, accepted: list[str]) -> tuple[list[str], Check]:
    from engine.store.migrate import check, pending

    async with open_database(url) as connection, connection.transaction(readonly=True):
        return await pending(connection), await check(connection, accepted)


async def _undo(url: str) -> list[str]:
    from engine.store.predecessor import undo

    await require_sessions(url, "`idexx-sync migrate --undo`")
    async with open_database(url) as connection:
        return await undo(connection)


def _print_applied(applied: list[str], notes: list[str], json: bool) -> None:
    if json:
        answer({"ok": True, "applied": applied, "notes": notes})
        return
    say(f"applied {', '.join(applied)}" if applied else "the database is up to date")
    for note in notes:
        warn(note)


def _print_check(found: tuple[list[str], Check], json: bool) -> None:
    missing, check = found
    if json:
        answer(
            {
                "ok": not check.problems,
                "found": check.start,
                "pending": missing,
                "steps": [{"table": step.table, "action": step.action} for step in check.steps],
                "problems": [
                    {"object": one.object, "problem": one.problem, "remedy": one.remedy} for one in check.problems
                ],
            }
        )
    else:
        say(f"found {_FOUND[check.start]}; {len(missing)} migrations to apply")
        for step in check.steps:
            print(f"{step.table}: {step.action}")
        for problem in check.problems:
            warn(f"does not fit: {problem}")
    if check.problems:
        sys.exit(Exit.FAILED)


def _print_undone(done: list[str], json: bool) -> None:
    if json:
        answer({"ok": True, "statements": done})
        return
    for statement in done:
        print(f"{statement.rstrip(';')};")
    say("the service before has its database back; start it again")
