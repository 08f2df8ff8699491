"""Asking the portal for the configuration: which call is made, and what an answer becomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.config_reading import ConfigReading
from engine.failure import Failure, Reason
from engine.portal.config_calls import ASK_AGAIN_AFTER
from engine.schedule import ScheduleConfig, same_hours
from ops.sandbox.client import LoggedRequest
from tests.portal.conftest import Stage

pytestmark = pytest.mark.anyio

VIEW, OLDER = "getAppointmentView", "getScheduleConfigs"
WORKDAYS = range(1, 6)
USUAL = tuple(sorted(same_hours(WORKDAYS, 480, 720) + same_hours(WORKDAYS, 780, 1080) + same_hours([6], 540, 840)))
ENVELOPE = same_hours(range(1, 7), 480, 1080)


async def read(stage: Stage) -> ConfigReading:
    reading = await stage.portal.schedule_config(stage.clinic, stage.credentials)
    assert isinstance(reading, ConfigReading), reading
    return reading


async def asked(stage: Stage) -> list[str]:
    return [_call(call) for call in await stage.calls("config")]


def _call(call: LoggedRequest) -> str:
    return call.path.rsplit("/", 1)[-1]


async def test_the_newer_call_is_enough(stage: Stage) -> None:
    reading = await read(stage)
    assert (reading.source, reading.problems) == (VIEW, ())
    said = stage.account.config
    assert reading.config.hours == USUAL
    assert reading.config.slot_minutes == said["slotInterval"]
    assert [room.name for room in reading.config.rooms or ()] == [
        room["name"] for room in said["appointmentRooms"]
    ]
    assert [one.duration_slots for one in reading.config.types or ()] == [
        one["duration"] for one in said["appointmentTypes"]
    ]
    assert await asked(stage) == [VIEW]


async def test_a_portal_without_the_newer_call_is_remembered_for_a_day(stage: Stage) -> None:
    await stage.sandbox.fault_settings(config_calls="old")
    portal, now = stage.portal, datetime.now(UTC)
    for after in (timedelta(), ASK_AGAIN_AFTER / 2, ASK_AGAIN_AFTER):
        reading = await portal.schedule_config(
            stage.clinic,
            stage.credentials,
            clock=lambda after=after: now + after,  # type: ignore[misc]
        )
        assert isinstance(reading, ConfigReading)
        assert (reading.config.hours, reading.problems) == (ENVELOPE, ())
    assert await asked(stage) == [VIEW, OLDER, OLDER, VIEW, OLDER]


async def test_a_portal_that_gets_the_newer_call_is_asked_for_it_when_the_older_one_is_gone(stage: Stage) -> None:
    portal = stage.portal
    await stage.sandbox.fault_settings(config_calls="old")
    await portal.schedule_config(stage.clinic, stage.credentials)
    await stage.sandbox.fault_settings(config_calls="new")
    reading = await portal.schedule_config(stage.clinic, stage.credentials)
    assert isinstance(reading, ConfigReading)
    assert reading.config.hours == USUAL


async def test_a_failing_newer_call_is_replaced_by_the_older_one_and_named(stage: Stage) -> None:
    await stage.sandbox.fault_settings(fail=[{"on": ["config"], "mode": "status", "status": 500, "count": 1}])
    reading = await read(stage)
    assert (reading.source, reading.is_fallback) == (OLDER, True)
    assert reading.config.hours == ENVELOPE
    (problem,) = reading.problems
    assert problem.message == (
        "getAppointmentView failed (portal_unavailable: the portal returned 500); getScheduleConfigs was read instead"
    )


@pytest.mark.parametrize(
    ("rule", "reason", "calls"),
    [
        ({"mode": "status", "status": 500}, Reason.PORTAL_UNAVAILABLE, 2),
        ({"mode": "not_json"}, Reason.BAD_ANSWER, 2),
        ({"mode": "status", "status": 429}, Reason.RATE_LIMITED, 1),
        ({"mode": "maintenance"}, Reason.MAINTENANCE, 1),
        ({"mode": "status", "status": 404}, Reason.PORTAL_CHANGED, 2),
    ],
    ids=str,
)
async def test_a_configuration_that_fails_has_a_reason(
    stage: Stage, rule: dict[str, Any], reason: Reason, calls: int
) -> None:
    await stage.sandbox.fault_settings(fail=[{"on": ["config"], **rule}])
    failure = await stage.portal.schedule_config(stage.clinic, stage.credentials)
    assert isinstance(failure, Failure)
    assert failure.reason is reason
    assert len(await asked(stage)) == calls


@pytest.mark.parametrize("calls", ["new", "old"])
@pytest.mark.parametrize(
    ("fault_settings", "closes"),
    [({"config_hours": "over_midnight"}, 26 * 60), ({"config_hours": "24:00"}, 24 * 60)],
)
async def test_hours_over_midnight_are_understood(
    stage: Stage, calls: str, fault_settings: dict[str, str], closes: int
) -> None:
    await stage.sandbox.fault_settings(config_calls=calls, **fault_settings)
    reading = await read(stage)
    assert reading.problems == ()
    expected = ENVELOPE if calls == "old" else USUAL
    assert [one.closes for one in reading.config.hours or ()] == [
        one.closes if one.closes == 720 else closes for one in expected
    ]


@pytest.mark.parametrize("calls", ["new", "old"])
async def test_other_names_are_understood_where_their_meaning_is_certain(stage: Stage, calls: str) -> None:
    await stage.sandbox.fault_settings(config_calls=calls, config_keys="synonyms")
    reading = await read(stage)
    assert reading.problems == ()
    assert reading.config.hours == (ENVELOPE if calls == "old" else USUAL)


@pytest.mark.parametrize("calls", ["new", "old"])
@pytest.mark.parametrize(
    ("fault_settings", "message"),
    [
        ({"config_keys": "renamed"}, "businessHours is missing (unknown names: clinicTimes)"),
        ({"config_missing": ["businessHours"]}, "businessHours is missing"),
    ],
    ids=str,
)
async def test_hours_that_are_not_there_are_named_and_not_invented(
    stage: Stage, calls: str, fault_settings: dict[str, Any], message: str
) -> None:
    await stage.sandbox.fault_settings(config_calls=calls, **fault_settings)
    reading = await read(stage)
    assert reading.config.hours is None
    assert [problem.message for problem in reading.problems] == [message]
    assert ScheduleConfig().updated_by(reading.config).has_slots() is False
