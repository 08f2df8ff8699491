"""Reads a response of one of the two configuration calls into a `ConfigReading`.

A part that is missing, or whose meaning is not certain, is left out and named in `problems`; there are no
defaults. Unknown names are ignored: new fields appear without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from engine.config_reading import ConfigReading, Problem
from engine.portal.config_fields import (
    NotUnderstood,
    entries,
    find,
    minutes,
    plain,
    text,
    unknown_names,
    whole_number,
)
from engine.portal.drift import drift
from engine.portal.opening_hours import read_hours
from engine.portal.response import PortalResponse, read_json
from engine.schedule import AppointmentType, Provider, Room, ScheduleConfig

T = TypeVar("T")


class ConfigSource(StrEnum):
    """The calls that return the configuration, the newer first."""

    VIEW = "getAppointmentView"
    CONFIGS = "getScheduleConfigs"


#: The names of each part, plain (see `config_fields`).
HOURS = frozenset({"businesshours", "openinghours"})
INTERVAL = frozenset({"slotinterval", "slotduration", "slotminutes"})
ROOMS = frozenset({"appointmentrooms", "rooms"})
TYPES = frozenset({"appointmenttypes"})
PROVIDERS = frozenset({"providers"})
#: Known but not used: the hours that the portal's calendar draws, and whether deputies are enabled.
UNUSED = frozenset({"mintime", "maxtime", "deputyenabled"})

PARTS = HOURS | INTERVAL | ROOMS | TYPES | PROVIDERS

MAX_DURATION_SLOTS = 1440


def read_config(answer: PortalResponse, now: datetime, source: ConfigSource) -> ConfigReading:
    """Reads the response. Raises `PortalFailure` if it is not a configuration."""
    return _Reader(_configuration(read_json(answer, now), source)).read(source)


def _configuration(value: Any, source: ConfigSource) -> Mapping[str, Any]:
    """The object that has the parts: the response, or the one object in it that has some."""
    if not isinstance(value, dict):
        raise drift(f"the response of {source} is not an object")
    inner = [each for each in value.values() if isinstance(each, dict) and _has_parts(each)]
    if not _has_parts(value) and len(inner) == 1:
        return inner[0]
    if not _has_parts(value):
        raise drift(f"the response of {source} has none of the known parts", value)
    return value


def _has_parts(value: Mapping[str, Any]) -> bool:
    return any(plain(name) in PARTS for name in value)


class _Reader:
    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record
        self._problems: list[Problem] = []
        self._unknown = unknown_names(record, PARTS, UNUSED)

    def read(self, source: ConfigSource) -> ConfigReading:
        config = ScheduleConfig(
            hours=self._part("businessHours", HOURS, read_hours, needed=True),
            slot_minutes=self._part("slotInterval", INTERVAL, minutes, needed=True),
            rooms=self._part("appointmentRooms", ROOMS, _rooms, needed=True),
            types=self._part("appointmentTypes", TYPES, _types),
            providers=self._part("providers", PROVIDERS, _providers),
        )
        return ConfigReading(config, source, tuple(self._problems))

    def _part(
        self, field: str, names: frozenset[str], read: Callable[[Any, str], T], *, needed: bool = False
    ) -> T | None:
        try:
            value = find(self._record, field, names)
            if value is not None:
                return read(value, field)
            if needed:
                self._problems.append(Problem(field, f"{field} is missing{self._unknown}", is_missing=True))
        except NotUnderstood as error:
            self._problems.append(Problem(field, str(error), is_missing=False))
        return None


def _rooms(value: Any, field: str) -> tuple[Room, ...]:
    """The rooms in the order of the calendar."""
    rooms = [Room(*_identity(room, f"{field}[{n}]")) for n, room in enumerate(entries(value, field))]
    if not rooms:
        raise NotUnderstood(f"{field} is empty")
    if len({room.id for room in rooms}) != len(rooms):
        raise NotUnderstood(f"{field} has two entries with the same id")
    positions = [room.get("position") for room in value]
    if all(isinstance(position, int) for position in positions):
        rooms = [room for _, room in sorted(zip(positions, rooms, strict=True), key=lambda pair: pair[0])]
    return tuple(rooms)


def _types(value: Any, field: str) -> tuple[AppointmentType, ...]:
    return tuple(_type(entry, f"{field}[{n}]") for n, entry in enumerate(entries(value, field)))


def _type(entry: Mapping[str, Any], field: str) -> AppointmentType:
    duration = entry.get("duration")
    slots = None if duration is None else whole_number(duration, f"{field}.duration", 0, MAX_DURATION_SLOTS)
    # 0 means that no length is set, not that the appointment takes no time.
    return AppointmentType(*_identity(entry, field), slots or None)


def _providers(value: Any, field: str) -> tuple[Provider, ...]:
    return tuple(Provider(*_identity(entry, f"{field}[{n}]")) for n, entry in enumerate(entries(value, field)))


def _identity(entry: Mapping[str, Any], field: str) -> tuple[str, str]:
    """The entry's id, and its name (a provider's may be in `provider`); the id if it has no name."""
    identity = text(entry.get("id"))
    if identity is None:
        raise NotUnderstood(
            f"{field}.id is missing, or is neither text nor a number{unknown_names(entry, {'id', 'name'})}"
        )
    return identity, text(entry.get("name")) or text(entry.get("provider")) or identity
