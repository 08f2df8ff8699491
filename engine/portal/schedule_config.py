"""The portal's schedule configuration: what is missing gets our defaults, nonsense is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from engine.portal.answer import Answer, read_json
from engine.portal.drift import drift
from engine.schedule import Room, ScheduleConfig

CONFIG_PATH = "/schedule/getScheduleConfigs"

KNOWN_PARTS = frozenset({"businessHours", "slotDuration", "providers", "rooms"})

MINUTES_OF_DAY = 24 * 60


def read_config(answer: Answer, now: datetime) -> ScheduleConfig:
    """Raises `PortalFailure` for an answer that is no configuration. Parts that are not known are left alone."""
    value = read_json(answer, now)
    if not isinstance(value, dict):
        raise drift("the schedule configuration is no object")
    if value and not KNOWN_PARTS & value.keys():
        raise drift("the schedule configuration has none of its parts", value)
    config = _with_hours(ScheduleConfig(), value.get("businessHours"))
    if (minutes := value.get("slotDuration")) is not None:
        config = replace(config, slot_minutes=_whole_number(minutes, "slotDuration", 1, MINUTES_OF_DAY))
    if (rooms := value.get("rooms")) is not None:
        config = replace(config, rooms=_rooms(rooms))
    return config


def _with_hours(config: ScheduleConfig, hours: Any) -> ScheduleConfig:
    if hours is None:
        return config
    if not isinstance(hours, dict):
        raise drift("businessHours is no object")
    opens = _time(hours.get("start"), "start", config.opens)
    closes = _time(hours.get("end"), "end", config.closes)
    if closes <= opens:
        raise drift("businessHours end before they start")
    return replace(config, opens=opens, closes=closes, days_of_week=_days(hours.get("daysOfWeek"), config))


def _time(value: Any, name: str, default: time) -> time:
    if value is None:
        return default
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{1,2}):(\d{2})(?::00)?", value.strip(), re.ASCII)):
        hour, minute = int(found.group(1)), int(found.group(2))
        if hour < 24 and minute < 60:
            return time(hour, minute)
    raise drift(f"businessHours.{name} is no time of day")


def _days(value: Any, config: ScheduleConfig) -> tuple[int, ...]:
    if value is None:
        return config.days_of_week
    if not isinstance(value, list):
        raise drift("businessHours.daysOfWeek is no array")
    return tuple(sorted({_whole_number(day, "businessHours.daysOfWeek", 0, 6) for day in value}))


def _rooms(value: Any) -> tuple[Room, ...]:
    if not isinstance(value, list):
        raise drift("rooms is no array")
    rooms = tuple(_room(room) for room in value)
    if len({room.id for room in rooms}) != len(rooms):
        raise drift("two rooms have the same id")
    return rooms


def _room(value: Any) -> Room:
    if not isinstance(value, Mapping):
        raise drift("a room is no object")
    identity, name = value.get("id"), value.get("name")
    if isinstance(identity, bool) or not isinstance(identity, str | int) or not str(identity).strip():
        raise drift("a room has no id", [key for key in value if key not in {"id", "name"}])
    room = str(identity).strip()
    return Room(room, name.strip() if isinstance(name, str) and name.strip() else room)


def _whole_number(value: Any, name: str, low: int, high: int) -> int:
    if isinstance(value, str) and re.fullmatch(r"\d{1,4}", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise drift(f"{name} is no whole number from {low} to {high}")
    return value
