"""A clinic's two change feeds: the positions of their changes, and what the clinic holds at one position.

A position is given after the change's commit (migration 0037), and is committed before the change is published. What a
feed holds at a position is read by one statement: the stored state, with every later change taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from engine.feed import Feed
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class FeedEnd:
    """The numbering of a feed, and the last position that was given."""

    feed_id: UUID
    position: int


async def number_changes(connection: Connection, clinic_id: UUID) -> None:
    """Gives a position to each change of the clinic that has none. Commit before publishing one of them."""
    await connection.execute(SQL["number_changes"], clinic_id)


async def feed_end(connection: Connection, clinic_id: UUID, feed: Feed) -> FeedEnd:
    """The feed's end, after `number_changes`."""
    [row] = await connection.fetch(SQL["feed_end"], clinic_id, feed)
    return FeedEnd(row["feed_id"], row["position"])


async def appointments_at(
    connection: Connection, clinic_id: UUID, position: int, after: UUID, limit: int
) -> Sequence[Any]:
    """Rows of the appointments at the position, in the order of their ids, after the id `after`."""
    return await connection.fetch(SQL["appointments_at"], clinic_id, position, after, limit)


async def starts_at(
    connection: Connection, clinic_id: UUID, position: int, after: datetime | None, limit: int
) -> Sequence[Any]:
    """Rows of the starts that are offered at the position, within notice and horizon, in order, after `after`."""
    return await connection.fetch(SQL["starts_at"], clinic_id, position, after, limit)


async def changes_after(
    connection: Connection, clinic_id: UUID, feed: Feed, position: int, limit: int
) -> Sequence[Any]:
    """Rows of the changes after the position, in order."""
    return await connection.fetch(SQL[f"{feed}_changes_after"], clinic_id, position, limit)
