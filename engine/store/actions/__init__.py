"""The audit of actions. An action is recorded before it is carried out; its outcome after that, for publication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from engine.action import Action, Source, Verb
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def begin_action(
    connection: Connection,
    clinic: str,
    verb: Verb,
    source: Source,
    who: str | None,
    *,
    sync_id: UUID | None = None,
    booking_id: UUID | None = None,
) -> tuple[UUID, UUID] | None:
    """Records an action; `clinic` is a slug or an id. Returns the ids of the action and of the clinic, None:
    the clinic is not known."""
    row = await connection.fetchrow(SQL["begin_action"], clinic, verb, source, who, sync_id, booking_id)
    return None if row is None else (row["id"], row["clinic_id"])


async def end_action(
    connection: Connection,
    action_id: UUID,
    outcome: str,
    *,
    sync_id: UUID | None = None,
    removals: int | None = None,
) -> None:
    """Records the outcome: `done`, or the reason of a refusal."""
    await connection.execute(SQL["end_action"], action_id, outcome, sync_id, removals)


async def is_begun(connection: Connection, action_id: UUID, verb: Verb) -> bool:
    """Whether this action is recorded, and its outcome is not."""
    begun: bool = await connection.fetchval(SQL["is_begun"], action_id, verb)
    return begun


async def list_actions(
    connection: Connection, clinic_id: UUID, *, sync_id: UUID | None = None, limit: int = 20
) -> list[Action]:
    """The latest actions on a clinic, or on one of its syncs, newest first."""
    rows = await connection.fetch(SQL["list_actions"], clinic_id, sync_id, limit)
    return [Action(**dict(row) | {"source": Source(row["source"]), "verb": Verb(row["verb"])}) for row in rows]


async def unpublished_actions(connection: Connection, clinic_id: UUID, limit: int) -> list[Any]:
    """Rows of the actions whose outcome is known, in order, to publish."""
    return await connection.fetch(SQL["unpublished_actions"], clinic_id, limit)


async def mark_actions_published(connection: Connection, actions: Sequence[Any]) -> None:
    await connection.execute(SQL["mark_actions_published"], [row["id"] for row in actions])
