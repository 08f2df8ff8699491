"""Reads `businessHours`: an array of entries, or one entry as an object.

All or nothing: if one entry is not understood, no hours are read, since its days would be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.portal.config_fields import (
    NotUnderstood,
    entries,
    find,
    plain,
    time_of_day,
    unknown_names,
    whole_number,
)
from engine.schedule import MINUTES_OF_DAY, OpenHours, same_hours

#: The names of an entry's parts, plain (see `config_fields`).
DAYS = frozenset({"daysofweek", "dayofweek", "dow", "days", "day", "weekdays", "weekday"})
OPENS = frozenset(
    {"start", "starttime", "startsat", "open", "opens", "opentime", "opensat", "openingtime", "from"}
)
CLOSES = frozenset({"end", "endtime", "endsat", "close", "closes", "closetime", "closesat", "closingtime", "to"})

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
#: Minimum length of an abbreviated weekday.
SHORTEST_NAME = 3


def read_hours(value: Any, field: str) -> tuple[OpenHours, ...]:
    """Every stretch of the week, in order; at least one. Raises `NotUnderstood`."""
    if isinstance(value, Mapping):
        hours = _entry(value, field)
    else:
        found = [_entry(entry, f"{field}[{n}]") for n, entry in enumerate(entries(value, field))]
        hours = tuple(sorted({stretch for entry in found for stretch in entry}))
    if not hours:
        raise NotUnderstood(f"{field} has no open day")
    return hours


def _entry(entry: Mapping[str, Any], field: str) -> tuple[OpenHours, ...]:
    days = find(entry, f"{field}.daysOfWeek", DAYS)
    opens, closes = find(entry, f"{field}.startTime", OPENS), find(entry, f"{field}.endTime", CLOSES)
    unknown = unknown_names(entry, DAYS, OPENS, CLOSES)
    for part, found in (("daysOfWeek", days), ("startTime", opens), ("endTime", closes)):
        if found is None:
            raise NotUnderstood(f"{field}.{part} is missing{unknown}")
    flags = [name for name, flag in entry.items() if isinstance(flag, bool)]
    if flags:
        # Such as `closed` or `active`: it decides whether the entry counts, in an unknown way.
        raise NotUnderstood(f"{field} has an unknown flag{unknown_names(dict.fromkeys(flags))}")
    return _stretches(_days(days, f"{field}.daysOfWeek"), opens, closes, field)


def _stretches(days: list[int], opens: Any, closes: Any, field: str) -> tuple[OpenHours, ...]:
    start, end = time_of_day(opens, f"{field}.startTime"), time_of_day(closes, f"{field}.endTime")
    if start >= MINUTES_OF_DAY:
        raise NotUnderstood(f"{field}.startTime is not a time of day")
    if end < start:
        end += MINUTES_OF_DAY  # open past midnight
    if not start < end <= start + MINUTES_OF_DAY:
        # The same time twice may be a whole day, or none.
        raise NotUnderstood(f"{field} ends when it starts, or more than a day later")
    return same_hours(days, start, end)


def _days(value: Any, field: str) -> list[int]:
    days = value if isinstance(value, list) else [value]
    return [_day(day, field) for day in days]


def _day(value: Any, field: str) -> int:
    if isinstance(value, str) and not value.strip().isdigit():
        name = plain(value)
        for number, weekday in enumerate(WEEKDAYS):
            if len(name) >= SHORTEST_NAME and weekday.startswith(name):
                return number
    # 7 is refused: it shows another way of counting the days, which would shift all of them.
    return whole_number(value, field, 0, 6)
