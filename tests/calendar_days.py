"""The days that tests of a whole system sync.

They do not depend on the day of the run: clinics are closed on some weekdays, and a sandbox's calendar stays where it
was when the clinic's day changes.
"""

from __future__ import annotations

from datetime import date, timedelta

#: A Monday; the clocks of the United States change on the seventh day. No run is after it: a sync takes past dates in
#: another order.
TODAY = date(2098, 3, 3)


def first_days(count: int) -> dict[str, str]:
    """The dates of a request on NATS: `count` days from `TODAY`."""
    start, end = _ends(count)
    return {"start_date": start, "end_date": end}


def first_days_over_http(count: int) -> dict[str, str]:
    """The dates of a request over HTTP."""
    start, end = _ends(count)
    return {"startDate": start, "endDate": end}


def first_days_typed(count: int) -> tuple[str, ...]:
    """The options of `idexx-sync sync`."""
    start, end = _ends(count)
    return ("--start", start, "--end", end)


def _ends(count: int) -> tuple[str, str]:
    return TODAY.isoformat(), (TODAY + timedelta(days=count - 1)).isoformat()
