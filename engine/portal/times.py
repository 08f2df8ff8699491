"""Reads the portal's times: clinic-local unless they carry an offset, even on the days the clocks change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

PORTAL_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(?:\.\d{1,9})?\s?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)


def read_time(text: str, zone: tzinfo) -> datetime:
    """The moment, aware, in the clinic's zone, without fractions of a second. ValueError for anything else.

    A local time that the clocks skip counts from before the change; one that occurs twice is the first.
    """
    found = PORTAL_TIME.fullmatch(text.strip())
    if not found:
        raise ValueError("not a date and time in the portal's format")
    day, minutes, seconds, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{minutes}{seconds or ':00'}{offset or ''}")
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def read_span(start: str, end: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Start and end of a record; ValueError if the end lies before the start.

    When the clocks change, an end that would lie before its start is the second occurrence of its hour; or its
    start, in the skipped hour, counts from after the change.
    """
    starts, ends = read_time(start, zone), read_time(end, zone)
    for pair in ((starts, ends), (starts, ends.replace(fold=1)), (starts.replace(fold=1), ends)):
        if utc(pair[0]) <= utc(pair[1]):
            return pair
    raise ValueError("ends before it starts")


def utc(moment: datetime) -> datetime:
    """The same moment in UTC. Compare there: comparing within one zone ignores a change of clocks."""
    return moment.astimezone(UTC)
