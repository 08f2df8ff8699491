"""How a feed shows an entry of the calendar: times, texts and states of an iCalendar event."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.calendar_feed.entry import CalendarEntry, EntryKind

#: The end of a block that takes the whole day may be written as its last minute.
_LAST_MINUTE = time(23, 59)

_CALLED = {
    EntryKind.APPOINTMENT: "Appointment",
    EntryKind.BLOCK: "Blocked",
    EntryKind.BOOKING: "Booking by telephone",
    EntryKind.CLOSED_DAY: "Closed",
}


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event. `starts` and `ends` are dates if it takes whole days (`ends` is the day after the last one);
    otherwise they are in the clinic's zone, or in UTC where its local time exists twice."""

    uid: str
    starts: datetime | date
    ends: datetime | date
    #: Whether a person still has to decide if it is real.
    is_tentative: bool
    #: Whether it takes time: a no-show takes none.
    is_busy: bool
    summary: str = field(repr=False)
    description: str = field(repr=False)
    location: str = field(repr=False)

    @property
    def is_all_day(self) -> bool:
        return not isinstance(self.starts, datetime)

    @property
    def content_hash(self) -> str:
        shown = (
            self.starts,
            self.ends,
            self.is_tentative,
            self.is_busy,
            self.summary,
            self.description,
            self.location,
        )
        return sha256(repr(shown).encode()).hexdigest()


def event_of(entry: CalendarEntry, clinic_id: UUID, zone: ZoneInfo) -> FeedEvent:
    """The event of an entry. Its `uid` stays the same whatever changes."""
    starts, ends = shown_times(entry, zone)
    is_closed_day = entry.kind is EntryKind.CLOSED_DAY
    return FeedEvent(
        uid=f"closed-{entry.id}-{clinic_id}" if is_closed_day else entry.id,
        starts=starts,
        ends=ends,
        is_tentative=entry.kind is EntryKind.BOOKING and entry.status == "expired",
        is_busy=entry.status != "no_show",
        summary=line_of(_summary(entry)),
        description=text_of("\n".join(_description(entry))),
        location=line_of(entry.column or ""),
    )


def shown_times(entry: CalendarEntry, zone: ZoneInfo) -> tuple[datetime | date, datetime | date]:
    """The times of an entry: dates if it is a block of whole days on the clinic's clock."""
    starts, ends = (at.astimezone(zone).replace(microsecond=0) for at in (entry.starts_at, entry.ends_at))
    is_block = entry.kind in (EntryKind.BLOCK, EntryKind.CLOSED_DAY)
    if is_block and starts.time() == time() and (ends.time() == time() or ends.time() >= _LAST_MINUTE):
        last = ends.date() if ends.time() == time() else ends.date() + timedelta(days=1)
        if last > starts.date():
            return starts.date(), last
    # By the standard, a local time that clocks show twice means the first one; Thunderbird takes the second.
    if _is_shown_twice(starts) or _is_shown_twice(ends):
        return starts.astimezone(UTC), ends.astimezone(UTC)
    return starts, ends


def _is_shown_twice(at: datetime) -> bool:
    return at.utcoffset() != at.replace(fold=1 - at.fold).utcoffset()


def _summary(entry: CalendarEntry) -> str:
    called = _CALLED[entry.kind]
    if entry.kind in (EntryKind.BLOCK, EntryKind.CLOSED_DAY):
        return entry.title or called
    people = (
        f"{entry.patient} ({entry.client})" if entry.patient and entry.client else entry.patient or entry.client
    )
    parts = [entry.type or (called if entry.kind is EntryKind.APPOINTMENT else None), people]
    if entry.kind is EntryKind.BOOKING:
        parts.insert(0, called)
    if entry.status == "no_show":
        parts.append("no-show")
    return ": ".join(part for part in parts if part)


def _description(entry: CalendarEntry) -> Iterator[str]:
    if entry.kind is EntryKind.BOOKING:
        yield "Not in the portal yet" + (
            "; the hold has expired, and a person has to decide" if entry.status == "expired" else ""
        )
    elif entry.kind is EntryKind.APPOINTMENT:
        yield f"Status: {entry.status.replace('_', ' ')}"
    if entry.provider:
        yield f"Provider: {entry.provider}"


def text_of(text: str) -> str:
    """A text that every parser reads as one value: control characters, which iCalendar forbids, become spaces.

    So do the rarer line separators of Unicode: parsers in Python would split the line there.
    """
    return "".join(
        " " if unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs") and one != "\n" else one for one in text
    ).strip()


def line_of(text: str) -> str:
    """The same on one line."""
    return " ".join(text_of(text).split())
