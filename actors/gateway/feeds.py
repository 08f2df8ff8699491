"""The commands `snapshot` and `changes`, with which a consumer of a clinic's feeds starts, and finds what it missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from actors.messages import encode
from actors.outbox.feed_events import EVENTS
from actors.requests import ChangesQuery, SnapshotQuery, parse
from engine.clinic import Clinic
from engine.errors import BadRequest, WrongState
from engine.feed import Feed
from engine.store.clinics import find_clinic
from engine.store.database import Connection, Database
from engine.store.feeds import FeedEnd, appointments_at, changes_after, feed_end, number_changes, starts_at

#: Rows of a snapshot, and changes, in one reply.
SNAPSHOT_PAGE, CHANGES_PAGE = 1000, 500

#: Size at which a page ends, in bytes: far below the server's limit of a message.
PAGE_BYTES = 256 * 1024

_LOWEST_ID = UUID(int=0)


class FeedCommands:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def snapshot(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns a page of what the feed holds, at its last position or at the request's."""
        query = parse(SnapshotQuery, payload)
        async with self._database.connection() as connection:
            clinic, end = await _end_of(connection, slug, query.feed)
            position = end.position if query.position is None else query.position
            if query.feed_id not in (None, end.feed_id) or position > end.position:
                raise WrongState(
                    "feed_id, position: the feed_id is not the current one, or the position is after the end "
                    f"{end.position}; request the first page again"
                )
            rows = await _rows_at(connection, clinic, query, position)
        page, has_more = _page(map(_plain, rows), SNAPSHOT_PAGE)
        key = "appointment_id" if query.feed is Feed.APPOINTMENT else "starts_at"
        return {
            "ok": True,
            "clinic": clinic.slug,
            "timezone": clinic.timezone,
            "feed": query.feed,
            "feed_id": end.feed_id,
            "position": position,
            "at": datetime.now(UTC),
            "appointments" if query.feed is Feed.APPOINTMENT else "starts": page,
            "next": page[-1][key] if has_more else None,
        }

    async def changes(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns a page of the changes after a position, or that a snapshot is needed instead."""
        query = parse(ChangesQuery, payload)
        async with self._database.connection() as connection:
            clinic, end = await _end_of(connection, slug, query.feed)
            rows: Sequence[Any] = ()
            if query.feed_id == end.feed_id and query.after < end.position:
                rows = await changes_after(connection, clinic.id, query.feed, query.after, CHANGES_PAGE + 1)
        is_kept = bool(rows) and rows[0]["position"] == query.after + 1
        is_current = query.feed_id == end.feed_id and query.after == end.position
        page, has_more = _page(map(EVENTS[query.feed], rows if is_kept else ()), CHANGES_PAGE)
        return {
            "ok": True,
            "clinic": clinic.slug,
            "feed": query.feed,
            "feed_id": end.feed_id,
            "position": end.position,
            "snapshot_required": not is_kept and not is_current,
            "changes": page,
            "has_more": has_more,
        }


async def _end_of(connection: Connection, slug: str, feed: Feed) -> tuple[Clinic, FeedEnd]:
    """The feed's end, with every change that was committed before."""
    clinic = await find_clinic(connection, slug)
    await number_changes(connection, clinic.id)
    return clinic, await feed_end(connection, clinic.id, feed)


async def _rows_at(connection: Connection, clinic: Clinic, query: SnapshotQuery, position: int) -> Sequence[Any]:
    try:
        if query.feed is Feed.APPOINTMENT:
            first = _LOWEST_ID if query.after is None else UUID(query.after)
            return await appointments_at(connection, clinic.id, position, first, SNAPSHOT_PAGE + 1)
        moment = None if query.after is None else datetime.fromisoformat(query.after)
        if moment is not None and moment.tzinfo is None:
            raise ValueError
    except ValueError:
        raise BadRequest("after: send what `next` of the page before says") from None
    return await starts_at(connection, clinic.id, position, moment, SNAPSHOT_PAGE + 1)


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if name == "starts_at" else str(value) if name == "appointment_id" else value
        for name, value in row.items()
    }


def _page(items: Iterable[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], bool]:
    """The first items that fit into one reply, at least one, and whether there are more."""
    page: list[dict[str, Any]] = []
    size = 0
    for item in items:
        size += len(encode(item))
        if page and (len(page) == limit or size > PAGE_BYTES):
            return page, True
        page.append(item)
    return page, False
