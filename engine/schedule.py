"""A clinic's configuration as its portal gives it, and the slots that follow from it.

Every part is optional: None is a part that was never read. Nothing follows from a part that was never read: no slot is
made without opening hours, a slot interval and a capacity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import date, time
from typing import Any

MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class OpenHours:
    """One stretch in which the clinic is open, every week. `weekday` counts 0 for Sunday, as the portal does.

    `opens` and `closes` are minutes after that day's midnight, clinic-local. `closes` beyond 1440 lies on the next day.
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
    """`duration_slots` is its length in slot intervals; None where the portal names none."""

    id: str
    name: str
    duration_slots: int | None


@dataclass(frozen=True, slots=True)
class Provider:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """`hours` never is empty: a clinic that is never open is not something that a portal says with certainty."""

    hours: tuple[OpenHours, ...] | None = None
    slot_minutes: int | None = None
    rooms: tuple[Room, ...] | None = None
    types: tuple[AppointmentType, ...] | None = None
    providers: tuple[Provider, ...] | None = None

    def updated_by(self, read: ScheduleConfig) -> ScheduleConfig:
        """This one with every part that `read` has; what it lacks stays as it is."""
        values: dict[str, Any] = {field.name: getattr(read, field.name) for field in fields(read)}
        return replace(self, **{name: value for name, value in values.items() if value is not None})

    def is_open_on(self, day: date) -> bool | None:
        """Whether the clinic is open at some time of `day`; None where its hours were never read."""
        return None if self.hours is None else bool(self.open_on(day))

    def open_on(self, day: date) -> list[tuple[int, int]]:
        """The stretches of `day` in order, in minutes after its midnight; what goes on after midnight is cut there,
        and stands on the next day. Stretches that overlap or touch are one."""
        weekday = day.isoweekday() % 7
        stretches = []
        for each in self.hours or ():
            if each.weekday == weekday:
                stretches.append((each.opens, min(each.closes, MINUTES_OF_DAY)))
            if (each.weekday + 1) % 7 == weekday and each.closes > MINUTES_OF_DAY:
                stretches.append((max(each.opens - MINUTES_OF_DAY, 0), each.closes - MINUTES_OF_DAY))
        return _joined(stretches)

    def has_slots(self, resources: Iterable[str] | None = None) -> bool:
        """Whether everything is known that a slot follows from."""
        parts = (self.hours, self.slot_minutes, self.capacity(resources))
        return all(part is not None for part in parts)

    def capacity(self, resources: Iterable[str] | None = None) -> int | None:
        """How many appointments fit in one slot: the columns that count. `resources` are those that a person chose;
        None: all. None where the columns were never read and nobody chose any."""
        if self.rooms is None:
            return None if resources is None else len(set(resources))
        wanted = None if resources is None else set(resources)
        return len([room for room in self.rooms if wanted is None or room.id in wanted])


@dataclass(frozen=True, slots=True)
class Slot:
    """`end_time` 00:00 is the midnight after `date`."""

    date: date
    start_time: time
    end_time: time
    capacity: int


def same_hours(weekdays: Iterable[int], opens: int, closes: int) -> tuple[OpenHours, ...]:
    """The same stretch on several weekdays."""
    return tuple(OpenHours(weekday, opens, closes) for weekday in sorted(set(weekdays)))


def slots_of(day: date, config: ScheduleConfig, resources: Iterable[str] | None = None) -> Iterator[Slot]:
    """The slots of one day, in order. None where the clinic is closed, or where a part that a slot needs is unknown."""
    capacity = config.capacity(resources)
    if config.slot_minutes is None or capacity is None:
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
