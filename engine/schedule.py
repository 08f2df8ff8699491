"""A clinic's schedule configuration and the slots that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

#: Capacity of a slot where the portal names no rooms.
DEFAULT_CAPACITY = 2


@dataclass(frozen=True, slots=True)
class Room:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """What `getScheduleConfigs` says; the defaults stand for what is missing there.

    `days_of_week` counts 0 for Sunday, as the portal does. `slot_minutes` is the length of a slot.
    `rooms` None: the portal named none.
    """

    opens: time = time(8)
    closes: time = time(18)
    days_of_week: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    slot_minutes: int = 15
    rooms: tuple[Room, ...] | None = None

    def is_open_on(self, day: date) -> bool | None:
        """Whether the clinic is open at some time of `day`; None where its hours are not known."""
        return day.isoweekday() % 7 in self.days_of_week

    def capacity(self, resources: Iterable[str] | None = None) -> int:
        """How many appointments fit in one slot: the rooms that count, or `DEFAULT_CAPACITY` without any."""
        if not self.rooms:
            return DEFAULT_CAPACITY
        wanted = None if resources is None else set(resources)
        return len([room for room in self.rooms if wanted is None or room.id in wanted])


@dataclass(frozen=True, slots=True)
class Slot:
    date: date
    start_time: time
    end_time: time
    capacity: int


def slots_of(day: date, config: ScheduleConfig, capacity: int) -> Iterator[Slot]:
    """The slots of one day, in order; none on a day on which the clinic is closed."""
    if day.isoweekday() % 7 not in config.days_of_week:
        return
    step = timedelta(minutes=config.slot_minutes)
    start, closes = datetime.combine(day, config.opens), datetime.combine(day, config.closes)
    while start + step <= closes:
        yield Slot(day, start.time(), (start + step).time(), capacity)
        start += step
