"""Writes a feed as an iCalendar document (RFC 5545, with the properties of RFC 7986)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from engine.calendar_feed.event import FeedEvent
from engine.calendar_feed.revisions import Revision
from engine.calendar_feed.time_zone import zone_definition

#: How often programs are asked to read the feed.
REFRESH = timedelta(minutes=15)

#: The texts of events, by zone, uid and sequence number. Writing one takes longer than everything else.
Texts: TypeAlias = dict[tuple[str, str, int], bytes]


def document(
    name: str,
    zone: ZoneInfo,
    events: Mapping[str, FeedEvent],
    revisions: Iterable[Revision],
    texts: Texts | None = None,
) -> tuple[bytes, Texts]:
    """The document, and the texts of its events; `texts` are those of the document before.

    `name` is the calendar's. The same values give the same bytes.
    """
    before, written = texts or {}, Texts()
    for revision in sorted(revisions, key=lambda one: (one.starts_at, one.uid)):
        key = zone.key, revision.uid, revision.sequence
        written[key] = before.get(key) or _event(revision, events.get(revision.uid), zone).to_ical()
    frame: bytes = _frame(name, zone).to_ical()
    beginning, end, _ = frame.rpartition(b"END:VCALENDAR")
    return b"".join((beginning, *written.values(), end, b"\r\n")), written


def _frame(name: str, zone: ZoneInfo) -> Calendar:
    """The calendar without its events."""
    calendar = Calendar()
    calendar.add("PRODID", "-//idexx-sync//calendar feed//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    calendar.calendar_name = name
    calendar.add("X-WR-TIMEZONE", zone.key)
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", f"PT{REFRESH // timedelta(minutes=1)}M")
    calendar.add_component(zone_definition(zone))
    return calendar


def _event(revision: Revision, shown: FeedEvent | None, zone: ZoneInfo) -> Event:
    event = Event()
    event.add("UID", revision.uid)
    event.add("SEQUENCE", revision.sequence)
    event.add("DTSTAMP", revision.changed_at)
    event.add("LAST-MODIFIED", revision.changed_at)
    if shown is None or revision.is_cancelled:
        starts, ends = revision.starts_at, revision.ends_at
        if revision.is_all_day:
            _add_times(event, starts.astimezone(zone).date(), ends.astimezone(zone).date())
        else:
            _add_times(event, starts.astimezone(UTC), ends.astimezone(UTC))
        event.add("SUMMARY", "Cancelled")
        event.add("STATUS", "CANCELLED")
        event.add("TRANSP", "TRANSPARENT")
        return event
    _add_times(event, shown.starts, shown.ends)
    event.add("SUMMARY", shown.summary)
    if shown.description:
        event.add("DESCRIPTION", shown.description)
    if shown.location:
        event.add("LOCATION", shown.location)
    event.add("STATUS", "TENTATIVE" if shown.is_tentative else "CONFIRMED")
    event.add("TRANSP", "OPAQUE" if shown.is_busy else "TRANSPARENT")
    return event


def _add_times(event: Event, starts: datetime | date, ends: datetime | date) -> None:
    event.add("DTSTART", starts)
    if ends > starts:  # what has no length ends when it starts
        event.add("DTEND", ends)
