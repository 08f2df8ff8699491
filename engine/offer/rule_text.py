"""The small texts of rules: weekdays such as `mon-fri`, and times of day such as `09:00-10:30`.

Each function that parses raises `ValueError` with the reason, which follows the text in a sentence.
"""

from __future__ import annotations

import re

#: 0 is Sunday, as in the portal.
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

MONDAY_FIRST = (1, 2, 3, 4, 5, 6, 0)

MINUTES_OF_DAY = 24 * 60


def parse_weekdays(text: str) -> tuple[int, ...]:
    """The weekdays of `monday`, `mon`, `mon-fri` or `daily`, in the order of the text."""
    if text.strip().lower() == "daily":
        return MONDAY_FIRST
    first, is_range, last = text.strip().lower().partition("-")
    start = _weekday(first)
    end = _weekday(last) if is_range else start
    return tuple((start + step) % 7 for step in range((end - start) % 7 + 1))


def parse_range(text: str) -> tuple[int, int]:
    """The minutes of `09:00-10:30`; the end is at most 24:00."""
    match = re.fullmatch(r"(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})", text.strip())
    if match is None:
        raise ValueError('is not a time of day; write it as "09:00-10:30"')
    hours_and_minutes = [int(part) for part in match.groups()]
    if max(hours_and_minutes[1::2]) > 59:
        raise ValueError("has more than 59 minutes in an hour")
    start, end = (
        60 * hour + minute for hour, minute in zip(hours_and_minutes[::2], hours_and_minutes[1::2], strict=True)
    )
    if end > MINUTES_OF_DAY:
        raise ValueError("ends after 24:00; a range ends on the day on which it starts")
    if start >= end:
        raise ValueError("ends before it starts, or at once; write the earlier time first")
    return start, end


def range_text(start: int, end: int) -> str:
    """Formats a range of minutes: 09:00-10:30."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end))


def _weekday(text: str) -> int:
    name = text.strip()
    if len(name) >= 3:
        for weekday, full in enumerate(WEEKDAYS):
            if full.startswith(name):
                return weekday
    raise ValueError('is not a weekday; write "monday", "mon", a range such as "mon-fri", or "daily"')
