"""Reads the HTTP header `Retry-After`, of the portal and of a webhook's receiver."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*")


def read_retry_after(header: str | None, now: datetime, longest: float) -> float | None:
    """Returns the seconds to wait, from a number or an HTTP date, at most `longest`. None if it cannot be read."""
    if header is None:
        return None
    try:
        seconds = float(number[1]) if (number := _NUMBER.fullmatch(header)) else _seconds_until(header, now)
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), longest)


def _seconds_until(http_date: str, now: datetime) -> float:
    then = parsedate_to_datetime(http_date)
    return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now.timestamp()
