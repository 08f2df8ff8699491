"""The stored calendar feeds, what they show, and what they have published. Of tokens only hashes are stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from engine.calendar_feed.entry import CalendarEntry, EntryKind
from engine.calendar_feed.feed import CalendarFeed, FeedScope
from engine.calendar_feed.revisions import Revision
from engine.clinic import Clinic
from engine.errors import UnknownCalendarFeed
from engine.issued import check_name, one_to_revoke
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

_SCOPE = ("columns", "provider", "names", "days_back", "days_ahead")
_REVISION = (
    "uid",
    "sequence",
    "content_hash",
    "starts_at",
    "ends_at",
    "is_all_day",
    "changed_at",
    "cancelled_at",
)


async def add_feed(
    connection: Connection,
    name: str,
    token_hash: str,
    *,
    clinic: Clinic,
    scope: FeedScope,
    expires_in: timedelta | None = None,
    created_by: str,
) -> CalendarFeed:
    """Stores a feed with the hash of its token. Raises `BadRequest` if the name is not one."""
    feed_id: UUID = await connection.fetchval(
        SQL["add_feed"],
        check_name(name),
        token_hash,
        clinic.id,
        scope.columns,
        scope.provider,
        scope.names,
        scope.days_back,
        scope.days_ahead,
        expires_in,
        created_by,
    )
    [stored] = await list_feeds(connection, str(feed_id))
    return stored


async def list_feeds(connection: Connection, name_or_id: str | None = None) -> list[CalendarFeed]:
    """The feeds with this name, or this id or four and more of its first digits; None: all. The newest is last."""
    return [_feed(row) for row in await connection.fetch(SQL["list_feeds"], name_or_id)]


async def revoke_feed(connection: Connection, name_or_id: str, now: datetime) -> CalendarFeed:
    """Revokes the valid feed with this name or id, and forgets what it has published.

    Raises `UnknownCalendarFeed`, or `WrongState` if there are several, or if it is revoked already.
    """
    found = await list_feeds(connection, name_or_id)
    feed = one_to_revoke(found, name_or_id, now, noun="feed", command="calendar-feed", unknown=UnknownCalendarFeed)
    await connection.execute(SQL["revoke_feed"], feed.id)
    return feed


async def valid_feeds(connection: Connection) -> dict[str, CalendarFeed]:
    """The feeds that are neither expired nor revoked, by the hashes of their tokens."""
    return {row["token_hash"]: _feed(row) for row in await connection.fetch(SQL["valid_feeds"])}


async def record_uses(connection: Connection, uses: Mapping[UUID, datetime]) -> None:
    """Stores when feeds were last read."""
    await connection.execute(SQL["record_uses"], list(uses), list(uses.values()))


async def known_providers(connection: Connection, clinic_id: UUID) -> list[tuple[str | None, str]]:
    """The ids and names of a clinic's providers; an id is None if the portal's list was never read."""
    found = json.loads(await connection.fetchval(SQL["known_providers"], clinic_id))
    return [(id_, name) for id_, name in found]


async def lock_feed(connection: Connection, feed_id: UUID) -> None:
    """Lets no other process number the feed's revisions until the transaction ends. Raises `UnknownCalendarFeed`."""
    if not await connection.fetchval(SQL["lock_feed"], feed_id):
        raise UnknownCalendarFeed("the feed has just been revoked")


async def entries(
    connection: Connection, clinic: Clinic, scope: FeedScope, first: date, last: date, now: datetime
) -> list[CalendarEntry]:
    """What the clinic's calendar has in a feed's scope on these days, in order. Without `names` none are read."""
    rows = await connection.fetch(
        SQL["entries"],
        clinic.id,
        first,
        last,
        scope.columns,
        scope.provider,
        scope.names,
        clinic.zone.key,
        now,
    )
    return [CalendarEntry(**dict(row) | {"kind": EntryKind(row["kind"])}) for row in rows]


async def revisions(connection: Connection, feed_id: UUID) -> dict[str, Revision]:
    """The newest revision of each event that the feed has published, by its uid."""
    return {row["uid"]: Revision(**row) for row in await connection.fetch(SQL["revisions"], feed_id)}


async def save_revisions(
    connection: Connection, feed_id: UUID, written: Sequence[Revision], dropped: Iterable[str]
) -> None:
    """Stores new revisions, and removes those of events that are published no more."""
    if written:
        columns = [[getattr(one, field) for one in written] for field in _REVISION]
        await connection.execute(SQL["save_revisions"], feed_id, *columns)
    if uids := list(dropped):
        await connection.execute(SQL["drop_revisions"], feed_id, uids)


def _feed(row: Any) -> CalendarFeed:
    fields = {name: value for name, value in row.items() if name not in (*_SCOPE, "token_hash")}
    scope = {name: row[name] for name in _SCOPE}
    if scope["columns"] is not None:
        scope["columns"] = tuple(scope["columns"])
    return CalendarFeed(**fields, scope=FeedScope(**scope))
