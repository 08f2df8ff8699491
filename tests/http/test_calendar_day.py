"""A day of the calendar over HTTP: what callers without the right `names` get, and days on which clocks change."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from actors.http.calendar_day import day_view, instants
from actors.http.day_models import DayReply
from actors.messages import encode
from engine.clinic import Clinic
from engine.offer.calendar_day import CalendarDay, DayColumn, DayEntry, Period
from engine.offer.start import BookableStart, Taker

CLINIC = Clinic(uuid4(), "elm", "Elm", "America/Chicago")
NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)


def clock(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A time on the clinic's clock."""
    return datetime.combine(date(2026, 12, day), time(hour, minute, second))


def entry(kind: Taker, starts: datetime, ends: datetime) -> DayEntry:
    secret = [f"secret {kind} {field}" for field in ("type", "provider", "patient", "client", "notes")]
    return DayEntry(kind, uuid4(), None, starts, ends, True, secret[0], "scheduled", *secret[1:])


DAY = CalendarDay(
    date=date(2026, 12, 2),
    at=NOW,
    timezone="America/Chicago",
    read_at=NOW,
    doubt=None,
    max_age_seconds=3600,
    grid_minutes=15,
    columns_chosen=True,
    periods=(Period("open", 480, 1080), Period("recurring_block", 720, 780)),
    columns=(DayColumn("room-1", "secret doctor", True),),
    entries=(
        entry(Taker.BLOCK, clock(1, 22), clock(2, 9, 0, 30)),
        entry(Taker.APPOINTMENT, clock(2, 23, 30), clock(3, 0, 30)),
        entry(Taker.HOLD, clock(2, 10), clock(2, 10, 15)),
    ),
    starts=(BookableStart(NOW, NOW, date(2026, 12, 2), time(10, 15), ("room-1",), 1),),
)


@pytest.mark.parametrize("with_names", [True, False])
def test_without_the_right_a_day_has_times_and_ids_only(with_names: bool) -> None:
    sent = json.loads(encode(day_view(CLINIC, DAY, with_names=with_names)))
    DayReply.model_validate(sent)
    assert ("secret" in json.dumps(sent)) is with_names
    assert [(one["from_minute"], one["to_minute"]) for one in sent["entries"]] == [
        (0, 541),
        (1410, 1440),
        (600, 615),
    ]
    assert sent["free"][0]["from_minute"] == 615
    if with_names:
        block, appointment, _ = sent["entries"]
        assert (block["type"], block["title"]) == (None, "secret block notes")
        assert (appointment["type"], appointment["title"]) == ("secret appointment type", None)


def test_the_times_of_a_day_skip_an_hour_or_come_once_when_clocks_change() -> None:
    zone = ZoneInfo("America/Chicago")
    spring, autumn = (datetime.combine(day, time()) for day in (date(2027, 3, 14), date(2027, 11, 7)))
    minutes = [minute for minute, _ in instants(spring, 30, zone)]
    assert [minute for minute in minutes if 60 <= minute <= 210] == [60, 90, 180, 210]
    twice = dict(instants(autumn, 30, zone))
    assert twice[60] == datetime(2027, 11, 7, 6, tzinfo=UTC)  # the first 1:00, in summer time
    assert len(twice) == 48
