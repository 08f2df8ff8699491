"""The portal when nothing is wrong with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.sandbox.conftest import TODAY
from tests.sandbox.visitor import CALENDAR, CONFIGS, Visitor

pytestmark = pytest.mark.anyio


async def test_a_right_password_opens_the_dashboard(visitor: Visitor, clinic: SandboxClinic) -> None:
    response = await visitor.sign_in(clinic)
    assert (response.status_code, response.headers["location"]) == (302, "/dashboard")
    assert "session" in response.headers["set-cookie"]
    assert clinic.name in (await visitor.get("/dashboard")).text


async def test_without_a_session_every_page_leads_to_the_sign_in(visitor: Visitor) -> None:
    for path in ("/dashboard", "/home", "/schedule", CALENDAR):
        response = await visitor.get(path)
        assert (response.status_code, response.headers["location"]) == (302, "/login")


async def test_a_form_without_its_token_is_refused(visitor: Visitor, clinic: SandboxClinic) -> None:
    await visitor.get("/login")
    fields = {"companyId": clinic.company_id, "username": clinic.username, "password": clinic.password}
    response = await visitor.post("/login", data=fields)
    assert response.status_code == 200
    assert "neo_session" not in visitor.cookies


async def test_json_calls_need_their_header(visitor: Visitor, clinic: SandboxClinic) -> None:
    await visitor.sign_in(clinic)
    assert (await visitor.get(CALENDAR)).status_code == 403


async def test_the_calendar_shows_what_starts_in_the_range(visitor: Visitor, clinic: SandboxClinic) -> None:
    await visitor.sign_in(clinic)
    week = (await visitor.calendar(TODAY, TODAY + timedelta(days=6))).json()
    days = [(await visitor.calendar(TODAY + timedelta(days=day))).json() for day in range(7)]
    assert week == [record for day in days for record in day]


async def test_the_newer_configuration_has_hours_for_each_weekday(visitor: Visitor, clinic: SandboxClinic) -> None:
    await visitor.sign_in(clinic)
    config = (await visitor.config()).json()
    assert config == clinic.config
    assert config["businessHours"] == [
        {"daysOfWeek": [1, 2, 3, 4, 5], "startTime": "08:00", "endTime": "12:00"},
        {"daysOfWeek": [1, 2, 3, 4, 5], "startTime": "13:00", "endTime": "18:00"},
        {"daysOfWeek": [6], "startTime": "09:00", "endTime": "14:00"},
    ]
    doctors = {provider["name"] for provider in config["providers"]}
    rooms = [room["name"] for room in config["appointmentRooms"]]
    assert (len(rooms), len(doctors & set(rooms))) == (6, 3)
    assert config["appointmentTypes"][0] == {"id": 1, "name": "Wellness Exam", "duration": 2, "color": "#6a9fd8"}


async def test_the_older_configuration_has_one_pair_of_times(visitor: Visitor, clinic: SandboxClinic) -> None:
    await visitor.sign_in(clinic)
    config = (await visitor.config(CONFIGS)).json()
    assert config["businessHours"] == {"start": "08:00", "end": "18:00", "daysOfWeek": [1, 2, 3, 4, 5, 6]}
    assert [room["id"] for room in config["rooms"]] == [room["id"] for room in clinic.config["appointmentRooms"]]


async def test_the_request_log_has_every_call_but_its_own(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    await visitor.sign_in(clinic)
    await visitor.calendar(TODAY)
    calls = await sandbox.request_log()
    assert [call.kind for call in calls] == ["login_page", "login", "calendar"]
    assert [call.company_id for call in calls] == [None, clinic.company_id, clinic.company_id]
    assert all(call.done_at and call.done_at >= call.at for call in calls)
