"""What a clinic can offer, counted minute by minute and column by column, without SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Visit:
    """A record of the calendar, clinic-local. `room` None: no column."""

    start: datetime
    end: datetime
    room: str | None = "a"
    kind: str | None = None
    status: str = "scheduled"
    provider: str | None = None
    is_deleted: bool = False
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Call:
    """A booking by telephone. `hold`: when its hold ends; `is_seen`: the portal has shown it."""

    start: datetime
    status: str = "confirmed"
    hold: datetime | None = None
    is_seen: bool = False
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Read:
    """What is known of a date's last read."""

    at: datetime
    failed_at: datetime | None = None
    warning: str | None = None


@dataclass(frozen=True)
class TypeRule:
    minutes: int | None = None
    counts: bool = True
    columns: tuple[str, ...] | None = None


@dataclass
class Clinic:
    """Everything that decides. Weekdays begin with Sunday, as 0; stretches are minutes of the day."""

    now: datetime
    zone: str = "America/Chicago"
    rooms: tuple[str, ...] | None = ("a", "b", "c")
    chosen: tuple[str, ...] | None = ("a", "b", "c")
    slot_minutes: int = 15
    hours: list[tuple[int, int, int]] = field(default_factory=list)
    windows: list[tuple[int, int, int]] = field(default_factory=list)
    blocks: list[tuple[int | None, int, int]] = field(default_factory=list)
    closed: list[date] = field(default_factory=list)
    grid: int | None = None
    length: int | None = None
    notice: int | None = None
    horizon: int | None = None
    max_age: int | None = None
    types: dict[str, TypeRule] = field(default_factory=dict)
    #: The portal's types and their lengths in slots.
    portal_types: dict[str, int | None] = field(default_factory=dict)
    providers: tuple[str, ...] = ()
    visits: list[Visit] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    reads: dict[date, Read] = field(default_factory=dict)
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Asked:
    type: str | None = None
    minutes: int | None = None
    column: str | None = None
    provider: str | None = None


NOTHING_ASKED = Asked()


def offered(clinic: Clinic, first: datetime, end: datetime, asked: Asked) -> dict[datetime, tuple[str, ...]]:
    """The starts in [first, end) with the columns that are free."""
    minutes = length_of(clinic, asked)
    count = _Count(clinic, first.astimezone(UTC), end.astimezone(UTC) + minutes * MINUTE, asked)
    starts = range(len(count.clock) - minutes)
    return {count.first + n * MINUTE: free for n in starts if (free := count.free(n, n + minutes))}


class _Count:
    """What the clinic's clock shows in each minute of a range, and what takes that minute."""

    def __init__(self, clinic: Clinic, first: datetime, end: datetime, asked: Asked) -> None:
        self.clinic, self.asked, self.first = clinic, asked, first
        zone = ZoneInfo(clinic.zone)
        aware = [(first + n * MINUTE).astimezone(zone) for n in range((end - first) // MINUTE)]
        self.is_second = [moment.fold for moment in aware]
        self.clock = [moment.replace(tzinfo=None) for moment in aware]
        visits = [visit for visit in clinic.visits if _takes_time(visit)]
        counting = [v for v in visits if v.kind is None or clinic.types.get(v.kind, TypeRule()).counts]
        self.is_open = {moment: _is_open(clinic, moment) for moment in set(self.clock)}
        for visit in visits:
            if (visit.room is None and visit.kind == "block") or (
                asked.provider and visit.provider == asked.provider
            ):
                self.is_open |= dict.fromkeys(_minutes(visit.start, visit.end), False)
        self.columns = {
            column: {minute for v in counting if v.room == column for minute in _minutes(v.start, v.end)}
            for column in clinic.rooms or clinic.chosen or () if column in (clinic.chosen or ())
        }  # fmt: skip
        self.loose = [set(_minutes(v.start, v.end)) for v in counting if v.room is None and v.kind != "block"] + [
            set(_minutes(call.start, _end_of(clinic, call))) for call in clinic.calls if _takes_place(call)
        ]
        self.today = clinic.now.astimezone(zone).date()

    def free(self, first: int, end: int) -> tuple[str, ...]:
        """The columns that are free from one minute of the range to another."""
        clinic, start = self.clinic, self.clock[first]
        if (start.hour * 60 + start.minute) % (clinic.grid or clinic.slot_minutes) or self.is_second[first]:
            return ()
        if self.first + first * MINUTE < clinic.now + timedelta(minutes=clinic.notice or 0):
            return ()
        if clinic.horizon is not None and (start.date() - self.today).days >= clinic.horizon:
            return ()
        moments = self.clock[first:end]
        if not all(self.is_open[moment] for moment in moments):
            return ()
        free = [column for column, taken in self.columns.items() if taken.isdisjoint(moments)]
        loose = sum(not taken.isdisjoint(moments) for taken in self.loose)
        rule = clinic.types.get(self.asked.type or "", TypeRule())
        usable = [
            column
            for column in free
            if self.asked.column in (None, column) and (rule.columns is None or column in rule.columns)
        ]
        return tuple(usable[: max(len(free) - loose, 0)])


def length_of(clinic: Clinic, asked: Asked) -> int:
    if asked.minutes:
        return asked.minutes
    if asked.type and (own := clinic.types.get(asked.type, TypeRule()).minutes):
        return own
    if asked.type and (slots := clinic.portal_types.get(asked.type)):
        return slots * clinic.slot_minutes
    return clinic.length or clinic.grid or clinic.slot_minutes


def _is_open(clinic: Clinic, moment: datetime) -> bool:
    day, minute = moment.date(), moment.hour * 60 + moment.minute
    weekday = day.isoweekday() % 7
    yesterday = (weekday - 1) % 7
    return (
        any(
            (on == weekday and opens <= minute < closes) or (on == yesterday and opens <= minute + 1440 < closes)
            for on, opens, closes in clinic.hours
        )
        and (
            not clinic.windows
            or any(on == weekday and opens <= minute < closes for on, opens, closes in clinic.windows)
        )
        and not any(on in (None, weekday) and opens <= minute < closes for on, opens, closes in clinic.blocks)
        and day not in clinic.closed
        and _is_fresh(clinic, day)
    )


def _is_fresh(clinic: Clinic, day: date) -> bool:
    read = clinic.reads.get(day)
    if read is None or read.at < clinic.now - timedelta(seconds=clinic.max_age or 3600):
        return False
    return read.warning is None and (read.failed_at is None or read.failed_at <= read.at)


def _takes_time(visit: Visit) -> bool:
    return not visit.is_deleted and visit.status not in ("cancelled", "no_show")


def _takes_place(call: Call) -> bool:
    return not call.is_seen and call.status in ("pending", "confirmed", "rescheduled")


def _end_of(clinic: Clinic, call: Call) -> datetime:
    return call.start + timedelta(minutes=max(clinic.slot_minutes, clinic.length or clinic.grid or 0))


def _minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    """The minutes that are at least partly taken; what has no length takes one."""
    at = start.replace(second=0)
    while at < end or at <= start:
        yield at
        at += MINUTE


def clock(day: date, text: str) -> datetime:
    """The local time `text` of `day`; "24:00" is the next midnight."""
    hour, minute = map(int, text.split(":"))
    return datetime.combine(day, time()) + timedelta(hours=hour, minutes=minute)
