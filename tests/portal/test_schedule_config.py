"""The configuration: what is understood, and that nothing stands in for what is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.failure import PortalFailure, Reason
from engine.portal.schedule_config import ConfigSource, read_config
from engine.schedule import AppointmentType, OpenHours, Provider, Room, ScheduleConfig, same_hours
from tests.portal.shapes import NOW, answer

VIEW: dict[str, Any] = {
    "slotInterval": 15,
    "businessHours": [
        {"daysOfWeek": [1, 2, 3, 4, 5], "startTime": "08:00", "endTime": "12:00"},
        {"daysOfWeek": [1, 2, 3, 4, 5], "startTime": "13:30", "endTime": "19:00"},
        {"daysOfWeek": [6], "startTime": "09:00", "endTime": "13:00"},
    ],
    "appointmentTypes": [
        {"id": 7, "name": "Recheck", "duration": 2, "color": "#fff"},
        {"id": "8", "name": "Call"},
    ],
    "appointmentRooms": [
        {"id": 12, "name": "Exam 2", "position": 1},
        {"id": "11", "name": "Exam 1", "position": 0},
    ],
    "providers": [{"id": 3, "name": None, "provider": "Dr. Lindqvist"}],
    "deputyEnabled": False,
    "somethingNew": {"that": "is harmless"},
}
OLDER: dict[str, Any] = {
    "businessHours": {"start": "07:30", "end": "19:00", "daysOfWeek": [5, 1, 2]},
    "slotDuration": 20,
    "minTime": "06:00",
    "maxTime": "22:00",
    "providers": [{"id": 1, "name": "Dr. Lindqvist"}],
    "rooms": [{"id": "room-1", "name": "Exam 1"}, {"id": 2, "name": None}],
}
WEEK = [1, 2, 3, 4, 5]


def read(value: Any, source: ConfigSource = ConfigSource.VIEW) -> ScheduleConfig:
    return read_config(answer(value), NOW, source).config


def problems(value: Any) -> dict[str, str]:
    return {one.field: one.message for one in read_config(answer(value), NOW, ConfigSource.VIEW).problems}


def hours(*entries: Any) -> tuple[OpenHours, ...] | None:
    return read(VIEW | {"businessHours": list(entries)}).hours


def entry(start: Any, end: Any, days: Any = (1,), **more: Any) -> dict[str, Any]:
    return {
        "daysOfWeek": list(days) if isinstance(days, tuple) else days,
        "startTime": start,
        "endTime": end,
    } | more


def test_the_newer_call_gives_hours_for_each_weekday_with_a_gap_at_lunch():
    reading = read_config(answer(VIEW), NOW, ConfigSource.VIEW)
    assert reading.problems == ()
    assert reading.config == ScheduleConfig(
        tuple(sorted(same_hours(WEEK, 480, 720) + same_hours(WEEK, 810, 1140) + same_hours([6], 540, 780))),
        15,
        (Room("11", "Exam 1"), Room("12", "Exam 2")),
        (AppointmentType("7", "Recheck", 2), AppointmentType("8", "Call", None)),
        (Provider("3", "Dr. Lindqvist"),),
    )


def test_the_older_call_gives_the_same_hours_for_its_days():
    reading = read_config(answer(OLDER), NOW, ConfigSource.CONFIGS)
    assert reading.problems == ()
    assert reading.config == ScheduleConfig(
        same_hours([1, 2, 5], 450, 1140),
        20,
        (Room("room-1", "Exam 1"), Room("2", "2")),
        None,
        (Provider("1", "Dr. Lindqvist"),),
    )


@pytest.mark.parametrize("part", ["businessHours", "slotInterval", "appointmentRooms"])
@pytest.mark.parametrize("value", [None, "left out"])
def test_a_missing_part_is_not_read_and_is_named(part: str, value: str | None):
    said = {name: found for name, found in VIEW.items() if name != part} | ({part: None} if value is None else {})
    config = read(said)
    assert [config.hours, config.slot_minutes, config.rooms].count(None) == 1
    assert problems(said) == {part: f"{part} is missing (unknown names: somethingNew)"}


def test_what_no_slot_follows_from_may_be_missing():
    said = {name: VIEW[name] for name in ("businessHours", "slotInterval", "appointmentRooms")}
    assert problems(said) == {}
    assert (read(said).types, read(said).providers) == (None, None)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("8:00", "17:30", (480, 1050)),
        ("08:00:00", "17:30:00", (480, 1050)),
        ("8:00 AM", "5:30 pm", (480, 1050)),
        ("8am", "12 p.m.", (480, 720)),
        ("12:30 am", "12pm", (30, 720)),
        ("00:00", "24:00", (0, 1440)),
        ("08:00", "23:59:59", (480, 1440)),
        ("18:00", "00:00", (1080, 1440)),
        ("18:00", "08:00", (1080, 1920)),
        ("20:00", "26:00", (1200, 1560)),
        ("08:00", "08:00:00.000", None),
        ("00:00", "00:00", None),
        ("08:00", "33:00", None),
        ("24:00", "25:00", None),
        ("08:60", "12:00", None),
        ("13:00 pm", "14:00", None),
        ("08:00:30", "12:00", None),
        ("2026-01-05T08:00", "12:00", None),
        (8, 17, None),
        (True, "12:00", None),
        (None, "12:00", None),
        ("", "12:00", None),
    ],
)
def test_times_of_day(start: Any, end: Any, expected: tuple[int, int] | None):
    found = hours(entry(start, end))
    assert found == (None if expected is None else (OpenHours(1, *expected),))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([0, 6], (0, 6)),
        (["1", 2], (1, 2)),
        ("Saturday", (6,)),
        (["Mon", "tue", "THURS"], (1, 2, 4)),
        (3, (3,)),
        ([7], None),
        ([1, 2, 3, 4, 5, 6, 7], None),
        ([-1], None),
        (["T"], None),
        (["Lundi"], None),
        ([1.5], None),
        ([True], None),
        ([], None),
        ("weekdays", None),
    ],
)
def test_days(days: Any, expected: tuple[int, ...] | None):
    found = hours(entry("08:00", "12:00", days))
    assert found == (None if expected is None else same_hours(expected, 480, 720))


@pytest.mark.parametrize(
    "said",
    [
        {"dow": [1], "start": "08:00", "end": "12:00"},
        {"days_of_week": [1], "start_time": "08:00", "end_time": "12:00"},
        {"dayOfWeek": 1, "openTime": "08:00", "closeTime": "12:00"},
        {"day": "monday", "opens": "8 am", "closes": "12 pm"},
    ],
    ids=str,
)
def test_keys_with_other_names_are_understood_where_the_meaning_is_certain(said: dict[str, Any]):
    assert hours(said) == (OpenHours(1, 480, 720),)
    renamed = {"business_hours": [said], "slot_interval": "00:15:00", "rooms": VIEW["appointmentRooms"]}
    assert read(renamed) == replace(read(VIEW), hours=(OpenHours(1, 480, 720),), types=None, providers=None)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"daysOfWeek": [1], "beginning": "08:00", "endTime": "12:00"},
            "[1].startTime is missing (unknown names: beginning)",
        ),
        ({"startTime": "08:00", "endTime": "12:00"}, "[1].daysOfWeek is missing"),
        (entry("08:00", "12:00", closed=True), "[1] has an unknown flag (unknown names: closed)"),
        (entry("08:00", "12:00", open_time="09:00"), "[1].startTime has two different values"),
        (entry("noon", "18:00"), "[1].startTime is not a time of day"),
        (entry("09:00", "09:00"), "[1] ends when it starts, or more than a day later"),
        ("08:00-18:00", "[1] is not an object"),
    ],
    ids=str,
)
def test_one_entry_that_is_not_understood_leaves_all_hours_unread(said: Any, message: str):
    value = VIEW | {"businessHours": [VIEW["businessHours"][0], said]}
    assert read(value).hours is None
    assert problems(value) == {"businessHours": f"businessHours{message}"}


@pytest.mark.parametrize("value", ["08:00-18:00", 8, {"monday": "08:00-18:00"}, [], {}, True])
def test_hours_of_an_unknown_form_are_not_read(value: Any):
    assert read(VIEW | {"businessHours": value}).hours is None
    assert list(problems(VIEW | {"businessHours": value})) == ["businessHours"]


@pytest.mark.parametrize("value", [0, -15, True, 100_000, "a quarter", [15], 12.5])
def test_an_interval_that_is_none_is_not_read(value: Any):
    assert read(VIEW | {"slotInterval": value}).slot_minutes is None
    assert list(problems(VIEW | {"slotInterval": value})) == ["slotInterval"]


@pytest.mark.parametrize(
    "value", [[], "room-1", [{"name": "no id"}], [{"id": 1}, {"id": "1"}], [{"id": True}], [{"id": "a\0"}], ["1"]]
)
def test_columns_that_are_not_understood_are_not_read(value: Any):
    assert read(VIEW | {"appointmentRooms": value}).rooms is None
    assert list(problems(VIEW | {"appointmentRooms": value})) == ["appointmentRooms"]


@pytest.mark.parametrize("part", ["appointmentTypes", "providers"])
def test_other_parts_that_are_not_understood_are_named(part: str):
    assert list(problems(VIEW | {part: [{"name": "no id"}]})) == [part]
    assert read(VIEW | {part: [{"name": "no id"}]}).hours == read(VIEW).hours


def test_the_parts_may_lie_in_one_object_of_the_answer():
    assert read({"appointmentView": VIEW, "meta": {"took": 3}}) == read(VIEW)


@pytest.mark.parametrize("value", [[], None, "text", {}, {"hours": {}}, {"a": VIEW, "b": OLDER}])
def test_an_answer_that_is_no_configuration_is_refused(value: Any):
    with pytest.raises(PortalFailure) as caught:
        read_config(answer(value), NOW, ConfigSource.VIEW)
    assert caught.value.failure.reason is Reason.PORTAL_CHANGED
