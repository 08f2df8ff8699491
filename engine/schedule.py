"""A clinic's configuration as its portal gives it, and the slots that follow from it.

Every part is optional: None is a part that was never read. A part that was never read has no default: slots need
opening hours, a slot interval and a capacity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, time
from typing import Any

MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class OpenHours:
    """One weekly stretch in which the clinic is open. `weekday` is 0 for Sunday, as in the portal.

    `opens` and `closes` are minutes after that day's midnight, clinic-local. `closes` beyond 1440 lies on the next
    day.
    """

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Room:
    """A column of the portal's calendar."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class AppointmentType:
    """`duration_slots` is the type's length in slot intervals; None if the portal names none."""

    id: str
    name: str
    duration_slots: int | None


@dataclass(frozen=True, slots=True)
class Provider:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """A clinic's configuration. `hours` is never empty: no portal says for certain that a clinic is never open.

    `default_capacity` is not the portal's: another program stored it. It is the limit until columns are chosen.
    """

    hours: tuple[OpenHours, ...] | None = None
    slot_minutes: int | None = None
    rooms: tuple[Room, ...] | None = None
    types: tuple[AppointmentType, ...] | None = None
    providers: tuple[Provider, ...] | None = None
    default_capacity: int | None = None

    def updated_by(self, read: ScheduleConfig) -> ScheduleConfig:
        """This configuration with every part that `read` has; missing parts keep their values."""
        values: dict[str, Any] = {field.name: getattr(read, field.name) for field in fields(read)}
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def is_open_on(self, day: date) -> bool | None:
        """Whether the clinic is open at some time of `day`; None if its hours were never read."""
        return None if self.hours is None else bool(self.open_on(day))

    def open_on(self, day: date) -> list[tuple[int, int]]:
        """The open stretches of `day` in order, in minutes after its midnight; overlapping or adjacent ones are
        joined.

        A stretch beyond midnight is cut there and continues on the next day.
        """
        weekday = day.isoweekday() % 7
        stretches = []
        for each in self.hours or ():
            if each.weekday == weekday:
                stretches.append((each.opens, min(each.closes, MINUTES_OF_DAY)))
            if (each.weekday + 1) % 7 == weekday and each.closes > MINUTES_OF_DAY:
                stretches.append((max(each.opens - MINUTES_OF_DAY, 0), each.closes - MINUTES_OF_DAY))
        return _joined(stretches)

    def has_slots(self, resources: Iterable[str] | None = None) -> bool:
        """Whether every part that slots need is known."""
        parts = (self.hours, self.slot_minutes, self.capacity(resources))
        return all(part is not None for part in parts)

    def capacity(self, resources: Iterable[str] | None = None) -> int | None:
        """How many appointments fit in one slot: the number of columns that count.

        `resources` are the columns that an operator chose; None: all, or as many as the default capacity, if there is
        one. Returns None if the columns were never read and none were chosen.
        """
        if self.rooms is None:
            return self.default_capacity if resources is None else len(set(resources))
        if resources is None and self.default_capacity is not None:
            return min(self.default_capacity, len(self.rooms))
        wanted = None if resources is None else set(resources)
        return len([room for room in self.rooms if wanted is None or room.id in wanted])


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot of a clinic. `end_time` 00:00 is the midnight after `date`."""

    date: date
    start_time: time
    end_time: time
    capacity: int


def same_hours(weekdays: Iterable[int], opens: int, closes: int) -> tuple[OpenHours, ...]:
    """The same stretch on several weekdays."""
    return tuple(OpenHours(weekday, opens, closes) for weekday in sorted(set(weekdays)))


def slots_of(day: date, config: ScheduleConfig, resources: Iterable[str] | None = None) -> Iterator[Slot]:
    """The slots of one day, in order: none if the clinic is closed, or a part that slots need is unknown."""
    capacity = config.capacity(resources)
    if config.slot_minutes is None or not capacity:
        return
    for opens, closes in config.open_on(day):
        for start in range(opens, closes - config.slot_minutes + 1, config.slot_minutes):
            yield Slot(day, _time(start), _time(start + config.slot_minutes), capacity)


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def _joined(stretches: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for opens, closes in sorted(stretches):
        if joined and opens <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
        else:
            joined.append((opens, closes))
    return joined
