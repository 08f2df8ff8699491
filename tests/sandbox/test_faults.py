"""Every fault, as a client sees it and as the request log records it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from ops.sandbox.client import LoggedRequest, SandboxClinic, SandboxProcess
from tests.sandbox.conftest import TODAY
from tests.sandbox.reading import read
from tests.sandbox.visitor import Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def signed_in(visitor: Visitor, clinic: SandboxClinic) -> Visitor:
    await visitor.sign_in(clinic)
    return visitor


async def statuses(visitor: Visitor, calls: int) -> list[int]:
    return [(await visitor.calendar(TODAY)).status_code for _ in range(calls)]


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
async def test_too_many_calls_are_refused(sandbox: SandboxProcess, signed_in: Visitor, form: str) -> None:
    await sandbox.fault_settings(rate_limit=3, rate_window_s=3600, retry_after=form, retry_after_s=7)
    answers = [await signed_in.calendar(TODAY) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    header = answers[-1].headers.get("retry-after")
    if form == "date":
        assert timedelta(0) < parsedate_to_datetime(header) - datetime.now(UTC) < timedelta(seconds=9)
    else:
        assert header == {"seconds": "7", "none": None}[form]
    assert [call.fault for call in await sandbox.request_log("calendar")] == [None] * 3 + ["rate_limit"] * 2


async def test_a_refusal_says_when_there_is_room_again(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    await sandbox.fault_settings(rate_limit=1, rate_window_s=100)
    await signed_in.calendar(TODAY)
    assert 95 < int((await signed_in.calendar(TODAY)).headers["retry-after"]) <= 100


async def test_a_limit_of_one_clinic_leaves_the_others_alone(
    sandbox: SandboxProcess, signed_in: Visitor, clinics: list[SandboxClinic]
) -> None:
    await sandbox.fault_settings(clinics[0].company_id, rate_limit=0)
    assert await statuses(signed_in, 1) == [429]
    async with Visitor(sandbox.url) as other:
        await other.sign_in(clinics[1])
        assert await statuses(other, 1) == [200]


async def test_a_rule_strikes_as_often_as_it_says(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    rule = {"mode": "status", "status": 503, "after": 1, "count": 2, "retry_after": 4}
    await sandbox.fault_settings(fail=[rule])
    assert await statuses(signed_in, 5) == [200, 503, 503, 200, 200]
    await sandbox.fault_settings(fail=[rule])
    assert await statuses(signed_in, 2) == [200, 503]


async def test_a_rule_for_a_date_strikes_calls_that_hold_it(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    tomorrow = TODAY + timedelta(days=1)
    await sandbox.fault_settings(fail=[{"date": str(tomorrow)}])
    answers = [
        await signed_in.calendar(TODAY),
        await signed_in.calendar(tomorrow),
        await signed_in.calendar(TODAY, tomorrow),
    ]
    assert [answer.status_code for answer in answers] == [200, 500, 500]


async def test_a_rule_with_a_probability_strikes_some(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    await sandbox.fault_settings(fail=[{"probability": 0.5}])
    assert 5 < (await statuses(signed_in, 40)).count(500) < 35


async def test_rules_strike_the_kinds_they_name(sandbox: SandboxProcess, visitor: Visitor) -> None:
    await sandbox.fault_settings(fail=[{"on": ["login_page"], "status": 502}])
    assert (await visitor.get("/login")).status_code == 502


async def test_a_call_dropped_by_its_client_is_logged(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    await sandbox.fault_settings(hang=60)
    call = asyncio.create_task(signed_in.calendar(TODAY))
    in_flight = await calendar_call(sandbox, lambda call: call.fault == "hang")
    assert in_flight.done_at is None
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    given_up = await calendar_call(sandbox, lambda call: call.done_at is not None)
    assert given_up.gone_at is not None
    assert given_up.gone_at >= given_up.at
    assert given_up.status is None


async def test_latency_is_in_the_ledger(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    await sandbox.fault_settings(latency_ms=120, latency_jitter_ms=20)
    await signed_in.calendar(TODAY)
    [call] = await sandbox.request_log("calendar")
    assert call.done_at
    assert call.done_at - call.at >= 0.1


@pytest.mark.parametrize("mode", ["cut_body", "slow_body"])
async def test_a_body_is_cut_or_slow(sandbox: SandboxProcess, signed_in: Visitor, mode: str) -> None:
    whole = (await signed_in.calendar(TODAY)).content
    await sandbox.fault_settings(fail=[{"mode": mode, "seconds": 0.1}])
    if mode == "slow_body":
        assert (await signed_in.calendar(TODAY)).content == whole
    else:
        with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
            await signed_in.calendar(TODAY)


@pytest.mark.parametrize("mode", ["not_json", "maintenance", "login_page", "deep_json"])
async def test_an_answer_with_status_200_that_is_no_calendar(
    sandbox: SandboxProcess, signed_in: Visitor, mode: str
) -> None:
    await sandbox.fault_settings(fail=[{"mode": mode}])
    response = await signed_in.calendar(TODAY)
    assert response.status_code == 200
    with pytest.raises((json.JSONDecodeError, RecursionError)):
        response.json()


@pytest.mark.parametrize("dial", [{"not_json": True}, {"maintenance": True}, {"empty": True}, {"cut_body": True}])
async def test_dials_stand_until_they_are_put_back(
    sandbox: SandboxProcess, signed_in: Visitor, dial: dict[str, Any]
) -> None:
    whole = (await signed_in.calendar(TODAY)).content
    await sandbox.fault_settings(**dial)
    for _ in range(2):
        try:
            assert (await signed_in.calendar(TODAY)).content != whole
        except httpx.RemoteProtocolError:
            assert "cut_body" in dial
    await sandbox.fault_settings(**dict.fromkeys(dial))
    assert (await signed_in.calendar(TODAY)).content == whole


async def test_a_huge_answer_is_right_but_for_its_size(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    whole = (await signed_in.calendar(TODAY)).json()
    await sandbox.fault_settings(fail=[{"mode": "huge_body", "megabytes": 3}])
    response = await signed_in.calendar(TODAY)
    assert len(response.content) > 3_000_000
    assert response.json() == whole


async def test_a_stale_answer_is_as_old_as_its_call(
    sandbox: SandboxProcess, signed_in: Visitor, clinic: SandboxClinic
) -> None:
    before = await sandbox.truth(clinic.company_id, TODAY, TODAY)
    await sandbox.fault_settings(fail=[{"mode": "stale", "seconds": 1, "count": 1}])
    late = asyncio.create_task(signed_in.calendar(TODAY))
    await calendar_call(sandbox, lambda call: call.fault == "stale")
    await sandbox.change(clinic.company_id, start=TODAY, end=TODAY, delete=3)
    assert read((await late).json(), clinic) == before
    assert len(read((await signed_in.calendar(TODAY)).json(), clinic)) == len(before) - 3


async def test_redirects_lead_to_another_origin(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    await sandbox.fault_settings(redirect_to="http://elsewhere.example/")
    for response in (
        await signed_in.calendar(TODAY),
        await signed_in.get("/login"),
        await signed_in.get("/dashboard"),
    ):
        assert (response.status_code, response.headers["location"]) == (302, "http://elsewhere.example/")


async def test_a_session_can_end_in_the_middle(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    await sandbox.fault_settings(fail=[{"mode": "end_session", "after": 2, "count": 1}])
    assert await statuses(signed_in, 4) == [200, 200, 302, 302]


async def test_an_empty_answer_keeps_its_wrapper(sandbox: SandboxProcess, signed_in: Visitor) -> None:
    await sandbox.fault_settings(wrapper="data", fail=[{"mode": "empty", "count": 1}])
    assert (await signed_in.calendar(TODAY)).json() == {"data": []}
    assert (await signed_in.calendar(TODAY)).json()["data"]


@pytest.mark.parametrize("patch", [{"latency": 1}, {"rate_limit": -1}, {"fail": [{"mode": "explode"}]}])
async def test_a_dial_that_is_not_there_is_refused_and_changes_nothing(
    sandbox: SandboxProcess, visitor: Visitor, patch: dict[str, Any]
) -> None:
    before = await sandbox.fault_settings()
    response = await visitor.patch("/_sandbox/fault_settings", json=patch)
    assert response.status_code == 400
    assert next(iter(patch)) in response.json()["error"]
    assert await sandbox.fault_settings() == before


async def calendar_call(sandbox: SandboxProcess, is_so: Any) -> LoggedRequest:
    """Waits until the last calendar call in the request log is so."""
    async with asyncio.timeout(10):
        while not (calls := await sandbox.request_log("calendar")) or not is_so(calls[-1]):
            await asyncio.sleep(0.01)
    return calls[-1]
