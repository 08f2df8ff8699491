"""How a feed shows an entry: whole days, times that clocks show twice, odd characters, and nothing personal without
names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar_feed.document import document
from engine.calendar_feed.entry import CalendarEntry, EntryKind
from engine.calendar_feed.event import FeedEvent, event_of
from engine.calendar_feed.revisions import revise
from tests.calendar_feed.conftest import events_of

CLINIC_ID, ZONE = uuid4(), ZoneInfo("America/Denver")
AT = datetime(2026, 3, 2, 16, tzinfo=UTC)

VISIT = CalendarEntry(
    EntryKind.APPOINTMENT,
    str(uuid4()),
    AT,
    AT + timedelta(minutes=30),
    "scheduled",
    column="Exam 1",
    type="Dental",
    provider="Dr. Who",
    patient="Luna",
    client="Ann Smith",
)


def shown(entry: CalendarEntry) -> FeedEvent:
    return event_of(entry, CLINIC_ID, ZONE)


def written(*events: FeedEvent) -> bytes:
    """The document of these events, published for the first time."""
    revised = revise(events, {}, now=AT, begins=AT - timedelta(days=9), created_at=AT, zone=ZONE)
    return document("Elm: front-desk", ZONE, {one.uid: one for one in events}, revised.current)[0]


def local(day: date, hour: int, minute: int = 0, second: int = 0, fold: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=ZONE, fold=fold)


DAY = date(2026, 3, 8)  # of 23 hours


@pytest.mark.parametrize(
    ("ends", "last"),
    [
        (local(DAY + timedelta(days=1), 0), DAY),
        (local(DAY, 23, 59), DAY),
        (local(DAY, 23, 59, 59), DAY),
        (local(DAY + timedelta(days=3), 0), DAY + timedelta(days=2)),
    ],
)
def test_a_block_of_whole_days_is_shown_as_days(ends: datetime, last: date) -> None:
    block = replace(VISIT, kind=EntryKind.BLOCK, starts_at=local(DAY, 0), ends_at=ends, title="Vacation")
    event = shown(block)
    assert (event.starts, event.ends) == (DAY, last + timedelta(days=1))
    [found] = events_of(written(event).decode()).values()
    assert (found.dtstart.value, found.dtend.value) == (DAY, last + timedelta(days=1))
    part = shown(replace(block, starts_at=local(DAY, 0, 15)))
    assert part.starts == local(DAY, 0, 15)
    assert shown(replace(VISIT, starts_at=local(DAY, 0), ends_at=ends)).starts == local(DAY, 0)


def test_a_time_that_clocks_show_twice_is_the_right_one() -> None:
    autumn = date(2026, 11, 1)
    for fold in (0, 1):
        starts = local(autumn, 1, 15, fold=fold).astimezone(UTC)
        event = shown(replace(VISIT, starts_at=starts, ends_at=starts + timedelta(minutes=30)))
        [found] = events_of(written(event).decode()).values()
        assert found.dtstart.value.astimezone(UTC) == starts, fold
        assert found.dtend.value.astimezone(UTC) == starts + timedelta(minutes=30)


def test_what_has_no_length_has_no_end() -> None:
    [found] = events_of(written(shown(replace(VISIT, ends_at=AT))).decode()).values()
    assert found.dtstart.value == AT
    assert not hasattr(found, "dtend")


@pytest.mark.parametrize(
    ("change", "summary"),
    [
        ({}, "Dental: Luna (Ann Smith)"),
        ({"client": None}, "Dental: Luna"),
        ({"type": None, "patient": None}, "Appointment: Ann Smith"),
        ({"status": "no_show"}, "Dental: Luna (Ann Smith): no-show"),
        ({"type": None, "patient": None, "client": None}, "Appointment"),
        ({"kind": EntryKind.BLOCK, "title": "Staff\nmeeting"}, "Staff meeting"),
        ({"kind": EntryKind.BLOCK}, "Blocked"),
        ({"kind": EntryKind.CLOSED_DAY}, "Closed"),
        ({"kind": EntryKind.BOOKING, "type": None}, "Booking by telephone: Luna (Ann Smith)"),
    ],
)
def test_an_event_says_what_and_whom_it_is_about(change: dict[str, object], summary: str) -> None:
    assert shown(replace(VISIT, **change)).summary == summary  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["scheduled", "expired"])
def test_only_a_booking_that_a_person_still_has_to_decide_about_is_tentative(status: str) -> None:
    event = shown(replace(VISIT, kind=EntryKind.BOOKING, status=status))
    assert event.is_tentative is (status == "expired")
    [found] = events_of(written(event).decode()).values()
    assert found.status.value == ("TENTATIVE" if event.is_tentative else "CONFIRMED")


ODD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)


@given(ODD, ODD)
def test_every_text_reaches_the_reader_and_every_line_is_short(patient: str, column: str) -> None:
    event = shown(replace(VISIT, patient=patient, column=column))
    text = written(event)
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    assert b"\n" not in text.replace(b"\r\n", b"")
    # Parsers in Python split at more characters than the standard does.
    assert text.decode().splitlines() == text.decode().split("\r\n")[:-1]
    [found] = events_of(text.decode()).values()
    assert found.summary.value == event.summary
    assert (found.location.value if event.location else "") == event.location


@pytest.mark.parametrize(
    "odd", ['Müller; \\Zoë, "Rex"', "犬" * 80, "a\u2028b\x85c\x0bd\x1ee", "BEGIN:VEVENT\r\nX:1", "🐕‍🦺 " * 30]
)
def test_odd_names_stay_in_their_place(odd: str) -> None:
    text = written(shown(replace(VISIT, patient=odd, client=odd, provider=odd))).decode()
    [found] = events_of(text).values()
    assert " ".join(odd.replace("\x1e", " ").split()) in found.summary.value
    assert text.count("BEGIN:VEVENT\r\n") == 1
