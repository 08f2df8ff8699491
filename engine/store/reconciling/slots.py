"""Makes and counts the slots of a range, from the clinic's configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.clinic import Clinic
from engine.dates import DateRange
from engine.schedule import ScheduleConfig, Slot, slots_of
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.clinic_lock import lock_clinic
from engine.store.reconciling.schedule_config import load_schedule_config

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class SlotCounts:
    """Number of slots created, removed and changed (their shape, or the number of their appointments)."""

    created: int
    removed: int
    updated: int


@dataclass(frozen=True, slots=True)
class _TimedSlot:
    """A slot with its instants (UTC)."""

    slot: Slot
    starts_at: datetime
    ends_at: datetime


async def refresh_slots(connection: Connection, clinic: Clinic, dates: DateRange) -> SlotCounts:
    """Brings the range's slots in line with the configuration, then counts their appointments and bookings.

    Rows that fit stay; others are removed, or closed (and full) while they are taken. If hours, interval or
    columns were never read, no slot is offered, not even after the range.
    """
    await lock_clinic(connection, clinic.id)
    await connection.fetchval(SQL["lock_slots"], clinic.id, dates.start, dates.end)
    config = await load_schedule_config(connection, clinic.id)
    closed = await _close_invented(connection, clinic, config, dates)
    blocked = await _blocked_periods(connection, clinic, dates)
    wanted = list(_wanted(clinic, config, dates, blocked))
    (row,) = await connection.fetch(
        SQL["refresh_slots"],
        clinic.id,
        dates.start,
        dates.end,
        [timed.slot.date for timed in wanted],
        [timed.slot.start_time for timed in wanted],
        [timed.slot.end_time for timed in wanted],
        [timed.slot.capacity for timed in wanted],
        [timed.starts_at for timed in wanted],
        [timed.ends_at for timed in wanted],
    )
    await connection.execute(SQL["mark_slots_read"], clinic.id, dates.start, dates.end)
    await connection.execute(SQL["link_slots"], clinic.id, dates.start, dates.end)
    recounted = await update_slot_counts(connection, clinic, dates)
    return SlotCounts(row["created"], row["removed"] + closed.removed, row["updated"] + closed.updated + recounted)


async def update_slot_counts(connection: Connection, clinic: Clinic, dates: DateRange) -> int:
    """Recounts the appointments and bookings of each slot of the range; returns how many slots changed."""
    changed: int = await connection.fetchval(SQL["update_slot_counts"], clinic.id, dates.start, dates.end)
    return changed


async def _close_invented(
    connection: Connection, clinic: Clinic, config: ScheduleConfig, dates: DateRange
) -> SlotCounts:
    """Closes slots if a part that slots need is unknown: an older version that invented that part made them."""
    if config.has_slots(clinic.resources):
        return SlotCounts(0, 0, 0)
    (row,) = await connection.fetch(SQL["close_slots"], clinic.id, dates.start)
    return SlotCounts(0, row["removed"], row["updated"])


def _wanted(
    clinic: Clinic,
    config: ScheduleConfig,
    dates: DateRange,
    blocked: Sequence[tuple[datetime, datetime]],
) -> Iterator[_TimedSlot]:
    for day in dates:
        for timed in _timed(slots_of(day, config, clinic.resources), clinic.zone):
            if not any(timed.starts_at < end and timed.ends_at > start for start, end in blocked):
                yield timed


def _timed(slots: Iterable[Slot], zone: ZoneInfo) -> Iterator[_TimedSlot]:
    """The slots with their instants, without those that start in the hour that daylight saving time skips."""
    for slot in slots:
        starts_at = _instant(slot.date, slot.start_time, zone)
        ends_on = slot.date if slot.end_time > slot.start_time else slot.date + timedelta(days=1)
        if starts_at.astimezone(zone).time() == slot.start_time:
            yield _TimedSlot(slot, starts_at, _instant(ends_on, slot.end_time, zone))


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


async def _blocked_periods(
    connection: Connection, clinic: Clinic, dates: DateRange
) -> list[tuple[datetime, datetime]]:
    begin = _instant(dates.start, time(), clinic.zone)
    end = _instant(dates.end + timedelta(days=2), time(), clinic.zone)
    rows = await connection.fetch(SQL["blocked_periods"], clinic.id, begin, end)
    return [(row["starts_at"], row["ends_at"]) for row in rows]
