"""Publishes a calendar feed: reads the clinic's calendar, numbers what has changed, and returns the document."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.calendar_feed.entry import CalendarEntry
from engine.calendar_feed.event import FeedEvent, event_of
from engine.calendar_feed.feed import CalendarFeed
from engine.calendar_feed.revisions import Revised, Revision, revise
from engine.store.calendar_feeds import entries, lock_feed, revisions, save_revisions
from engine.store.clinics import find_clinic
from engine.store.database import Database
from engine.store.syncs.reading import database_time

if TYPE_CHECKING:
    from engine.calendar_feed.document import Texts


@dataclass(frozen=True, slots=True)
class Publication:
    """What a feed shows at a moment."""

    name: str
    zone: ZoneInfo
    events: dict[str, FeedEvent]
    revisions: tuple[Revision, ...]

    @property
    def version(self) -> tuple[object, ...]:
        """Equal for two publications with the same document."""
        return self.name, self.zone.key, frozenset((one.uid, one.sequence) for one in self.revisions)

    def document(self, texts: Texts | None) -> tuple[bytes, Texts]:
        """The iCalendar text, and those of its events; `texts` are those of the publication before.

        It takes a while: call it in a thread.
        """
        # icalendar takes 10 MiB of the process, so it is imported only where a feed is read.
        from engine.calendar_feed.document import document

        return document(self.name, self.zone, self.events, self.revisions, texts)


async def publish_feed(database: Database, feed: CalendarFeed, now: datetime | None = None) -> Publication:
    """What the feed shows at `now` (None: the database's clock). Writes only what has changed since it was last read.

    Raises `NoTimeZone`, or `UnknownCalendarFeed` if it was revoked.
    """
    async with database.transaction() as connection:
        await lock_feed(connection, feed.id)
        clinic = await find_clinic(connection, str(feed.clinic_id))
        now = now or await database_time(connection)
        first, last = feed.scope.dates(clinic.today(now))
        found = await entries(connection, clinic, feed.scope, first, last, now)
        known = await revisions(connection, feed.id)

        def decide() -> tuple[dict[str, FeedEvent], Revised]:
            events = _events(found, feed, clinic.zone)
            begins = datetime.combine(first, time(), clinic.zone)
            revised = revise(
                events.values(), known, now=now, begins=begins, created_at=feed.created_at, zone=clinic.zone
            )
            return events, revised

        events, revised = await asyncio.to_thread(decide)
        await save_revisions(connection, feed.id, revised.written, revised.dropped)
    return Publication(f"{clinic.name}: {feed.name}", clinic.zone, events, revised.current)


def _events(found: list[CalendarEntry], feed: CalendarFeed, zone: ZoneInfo) -> dict[str, FeedEvent]:
    events = (event_of(entry, feed.clinic_id, zone) for entry in found)
    return {event.uid: event for event in events}
