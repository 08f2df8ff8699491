"""The definition of a time zone (VTIMEZONE), with its rules."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

#: The transitions of these years are written, the last one excluded; constant, so that a zone always gives one text.
_FIRST_YEAR, _LAST_YEAR = 2020, 2041

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=32)
def zone_definition(zone: ZoneInfo) -> Timezone:
    """The definition: a rule where the clocks change on the same weekday of a month each year, else the dates."""
    changes: dict[tuple[timedelta, timedelta, str], list[datetime]] = defaultdict(list)
    first = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    for at in _transitions(zone, first):
        before, after = _offset(at - _SECOND, zone), _offset(at, zone)
        changes[before, after, at.astimezone(zone).tzname() or ""].append((at + before).replace(tzinfo=None))
    if not any(times[0].year == _FIRST_YEAR for times in changes.values()):
        offset = _offset(first, zone)
        changes[offset, offset, first.astimezone(zone).tzname() or ""] = [datetime(_FIRST_YEAR, 1, 1)]  # noqa: DTZ001
    definition = Timezone()
    definition.add("TZID", zone.key)
    for (before, after, name), times in sorted(changes.items(), key=lambda change: change[1][0]):
        part = TimezoneDaylight() if after > before else TimezoneStandard()
        part.add("DTSTART", times[0])
        part.add("TZOFFSETFROM", before)
        part.add("TZOFFSETTO", after)
        part.add("TZNAME", name)
        if (rule := _rule(times)) is not None:
            part.add("RRULE", rule)
        elif times[1:]:
            part.add("RDATE", times[1:])
        definition.add_component(part)
    return definition


def _transitions(zone: ZoneInfo, first: datetime) -> Iterator[datetime]:
    """Yields the instants at which the zone's offset changes."""
    at = first
    while at.year < _LAST_YEAR:
        low, high = at, at + _DAY
        if _offset(low, zone) != _offset(high, zone):
            while high - low > _SECOND:
                middle = low + (high - low) // 2
                low, high = (middle, high) if _offset(middle, zone) == _offset(low, zone) else (low, middle)
            yield high.replace(microsecond=0)
        at += _DAY


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _rule(times: Sequence[datetime]) -> dict[str, object] | None:
    """The yearly rule that these local times follow to the last year; None: they follow none."""
    first, years = times[0], [at.year for at in times]
    if len(times) < 3 or years != list(range(first.year, _LAST_YEAR)):
        return None
    if len({(at.month, at.weekday(), at.time()) for at in times}) > 1:
        return None
    weekday = _WEEKDAYS[first.weekday()]
    if all(at.day + 7 > calendar.monthrange(at.year, at.month)[1] for at in times):
        return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"-1{weekday}"}
    numbers = {(at.day - 1) // 7 + 1 for at in times}
    if len(numbers) > 1:
        return None
    return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"{numbers.pop()}{weekday}"}
