"""Gives the predecessor its database back: its tables, functions and constraints as they were, with today's data."""

from __future__ import annotations

import json

from engine.store.database import Connection
from engine.store.migration_errors import CannotUndo, naming
from engine.store.predecessor.objects import FUNCTIONS, TABLES
from engine.store.predecessor.shape import final_shape
from engine.store.queries import Queries
from engine.store.statements import split

SQL = Queries(__file__)


async def undo(connection: Connection) -> list[str]:
    """Removes everything of ours, in one transaction; returns the statements that did it.

    Syncs that run or wait are closed, since nothing would ever end them. Raises `CannotUndo` if the database was never
    the predecessor's, if a process of ours runs, or if an object of another program depends on ours.
    """
    async with connection.transaction():
        await connection.execute("set local search_path to pg_catalog, pg_temp")
        await connection.execute("set local lock_timeout to '15s'")
        # The bodies of the predecessor's functions name no schema.
        await connection.execute("set local check_function_bodies to off")
        await _require_undoable(connection)
        done = []
        for statement in await _statements(connection):
            with naming("--undo", statement):
                await connection.execute(statement)
            done.append(statement)
        return done


async def _require_undoable(connection: Connection) -> None:
    has_ours = await connection.fetchval(SQL["has_objects_table"])
    if not has_ours or not await connection.fetchval(SQL["had_predecessor"]):
        raise CannotUndo(
            "this database was not the predecessor's, so there is nothing to give back; "
            "to remove idexx-sync, drop the schema idexx_sync and the tables that it made in public"
        )
    if found := [row["what"] for row in await connection.fetch(SQL["undo_obstacles"])]:
        raise CannotUndo(f"{'; '.join(found)}; stop it, or drop it, then undo")


async def _statements(connection: Connection) -> list[str]:
    """What is to be done, in order: read before anything goes, since the list is in the schema that goes."""
    columns = json.dumps({table: list(columns) for table, columns in final_shape().items()})
    removing = await connection.fetch(SQL["remove_ours"], TABLES, FUNCTIONS, columns)
    restoring = await connection.fetch(SQL["restore_objects"])
    return [
        SQL["revoke_everything"],
        *split(SQL["close_syncs"]),
        *(row["statement"] for row in removing),
        *(statement for row in restoring for statement in (row["definition"], *split(row["grants"]))),
    ]
