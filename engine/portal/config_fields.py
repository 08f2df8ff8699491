"""Finds and reads single fields of the portal's configuration.

A field is found by any of its names, in any case and with any separator: `businessHours`, `business_hours`. A form
whose meaning is not certain raises `NotUnderstood`, which names the field and never its value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from engine.portal.drift import safe_names
from engine.schedule import MINUTES_OF_DAY

#: A stretch may last until the end of the day after the one on which it starts.
LATEST_CLOSING = 2 * MINUTES_OF_DAY

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?", re.ASCII)
_TWELVE_HOURS = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::00)?\s*([ap])\.?m\.?", re.ASCII | re.IGNORECASE)

#: How portals write the end of a day that has no closing time: its last second.
_LAST_SECOND = (23, 59, 59)


class NotUnderstood(Exception):
    """A form that is not understood. The message, part of a warning, names the field without its value."""


def plain(name: object) -> str:
    """The name without case and separators."""
    return re.sub(r"[_\-\s]", "", str(name)).lower()


def find(record: Mapping[str, Any], field: str, names: Collection[str]) -> Any:
    """The value of the field under any of `names` (plain); None if it is missing.

    Two names with different values raise `NotUnderstood`.
    """
    found = [value for name, value in record.items() if plain(name) in names and value is not None]
    if any(value != found[0] for value in found[1:]):
        raise NotUnderstood(f"{field} has two different values")
    return found[0] if found else None


def unknown_names(record: Mapping[str, Any], *known: Collection[str]) -> str:
    """The names that are in none of `known`, for a message; empty if there are none."""
    names = safe_names(name for name in record if not any(plain(name) in each for each in known))
    return f" (unknown names: {names})" if names else ""


def whole_number(value: Any, field: str, low: int, high: int) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*\d{1,4}\s*", value, re.ASCII):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise NotUnderstood(f"{field} is not a whole number from {low} to {high}")
    return value


def time_of_day(value: Any, field: str) -> int:
    """Minutes after midnight: `8:00`, `08:00:00`, `5:30 PM`, `24:00`, and `26:00` for two hours after midnight."""
    if not isinstance(value, str):
        raise NotUnderstood(f"{field} is not a time of day")
    if found := _TWELVE_HOURS.fullmatch(value.strip()):
        hour, minute = int(found[1]), int(found[2] or 0)
        if 1 <= hour <= 12 and minute < 60:
            return (hour % 12 + (12 if found[3].lower() == "p" else 0)) * 60 + minute
    elif found := _CLOCK.fullmatch(value.strip()):
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if (hour, minute, second) == _LAST_SECOND:
            return MINUTES_OF_DAY
        if minute < 60 and second == 0 and hour * 60 + minute <= LATEST_CLOSING:
            return hour * 60 + minute
    raise NotUnderstood(f"{field} is not a time of day")


def minutes(value: Any, field: str) -> int:
    """A length in minutes: a number, or `00:15:00`."""
    if isinstance(value, str) and _CLOCK.fullmatch(value.strip()):
        value = time_of_day(value, field)
    return whole_number(value, field, 1, MINUTES_OF_DAY)


def text(value: Any) -> str | None:
    """A text, or a number as text; None for anything else, and for what PostgreSQL cannot store."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        return None
    return value.strip() or None


def entries(value: Any, field: str) -> list[Mapping[str, Any]]:
    """The entries of an array of objects."""
    if not isinstance(value, list):
        raise NotUnderstood(f"{field} is not an array")
    for number, entry in enumerate(value):
        if not isinstance(entry, Mapping):
            raise NotUnderstood(f"{field}[{number}] is not an object")
    return value
