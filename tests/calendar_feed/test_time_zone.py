"""The definitions of zones: another library reads the same times from them as Python knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from engine.calendar_feed.time_zone import zone_definition

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("key", "rules"),
    [
        ("America/Denver", 2),
        ("Europe/Berlin", 2),
        ("Europe/Dublin", 2),
        ("Australia/Sydney", 2),
        ("Australia/Lord_Howe", 2),
        ("America/Phoenix", 0),
        ("UTC", 0),
        ("Asia/Kathmandu", 0),
        ("America/Santiago", 0),  # its days vary between the first and the second week
        ("Africa/Casablanca", 0),  # its clocks follow the moon
    ],
)
def test_a_definition_says_what_the_zone_does(key: str, rules: int) -> None:
    zone = ZoneInfo(key)
    text = zone_definition(zone).to_ical().decode()
    assert text.count("RRULE") == rules, text
    read = tzical(StringIO(text)).get(key)
    day = datetime(2024, 1, 1, tzinfo=UTC)
    while day.year < 2031:
        changes = day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset()
        for quarter in range(0, 96, 1 if changes else 48):
            at = day + quarter * timedelta(minutes=15)
            # By the local time, as readers do; of one that clocks show twice, the first.
            local = at.astimezone(zone)
            if not local.fold:
                assert local.replace(tzinfo=read).utcoffset() == local.utcoffset(), at
        day += DAY
