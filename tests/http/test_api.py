"""The HTTP API as a client uses it: real gateway, real workers, plain HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from engine.offer.rule import Rule
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days_over_http
from tests.conftest import until
from tests.http.conftest import SYNC
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio


def workers(system: System) -> None:
    for queue in ("coordinator", "reconciler", "date_scraper"):
        system.worker(queue)


async def events_of(client: httpx.AsyncClient, sync_id: str, after: int | None = None) -> list[dict[str, Any]]:
    """What a browser's EventSource would receive."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    found: list[dict[str, Any]] = []
    path = f"{SYNC}/{sync_id}/events"
    async with asyncio.timeout(120), client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        number = name = ""
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            match field:
                case "id":
                    number = value
                case "event":
                    name = value
                case "data":
                    found.append(json.loads(value))
                    assert (str(found[-1]["seq"]), found[-1]["event"]) == (number, name)
    return found


async def the_offer_is_explained(gateway: httpx.AsyncClient, clinic: SandboxClinic, pool: Any) -> None:
    """Of a clinic that was synced just now."""
    about = {"clinicId": clinic.slug}
    rooms = [room["id"] for room in clinic.config["appointmentRooms"]][:1]
    await pool.execute("update public.clinics set resources = $2 where slug = $1", clinic.slug, rooms)
    offer = (await gateway.get("/api/idexx/free", params={**about, "daysAhead": 3, "minutes": 15})).json()
    assert offer["columns"] == rooms
    assert len(offer["days"]) == 3
    local = datetime.now(ZoneInfo(clinic.timezone)).strftime("%Y-%m-%dT%H:%M%z")
    # A plus that is not encoded is a blank in a query; so is that of `at=2026-12-08T10:30+01:00`.
    at = f"{local[:-2]}:{local[-2:]}".replace("+", " ")
    reply = (await gateway.get("/api/idexx/why", params={**about, "at": at})).json()
    assert [reason["rule"] for reason in reply["reasons"]] == sorted(
        (reason["rule"] for reason in reply["reasons"]), key=list(Rule).index
    )
    wrong: list[tuple[str, dict[str, str | int], str]] = [
        ("free", {"daysAhead": 61}, "daysAhead: 61 is not valid: must be 60 or less"),
        ("free", {"daysAhead": "soon"}, "daysAhead: must be a whole number"),
        ("free", {"daysAhead": 1, "room": "1"}, "room: is not a known field"),
        ("why", {}, "at: is missing"),
    ]
    for path, given, words in wrong:
        refused = await gateway.get(f"/api/idexx/{path}", params={**about, **given})
        assert (refused.status_code, refused.json()["error"]["message"]) == (400, words)


async def test_a_sync_answers_at_its_end(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
) -> None:
    workers(system)
    response = await gateway.post(SYNC, json={"clinicId": clinics[0].slug, **first_days_over_http(3)})
    body = response.json()
    assert response.status_code == 200, body
    assert (body["ok"], body["event"], body["status"]) == (True, "completed", "completed")
    assert body["stats"]["appointments_added"] > 0
    status = await gateway.get(f"{SYNC}/status", params={"clinicId": clinics[0].slug})
    assert status.json()["sync"]["sync_id"] == body["sync_id"]
    assert status.json()["clinic"]["age_seconds"] < 60
    other = await gateway.get(f"{SYNC}/status", params={"clinicId": clinics[1].slug})
    assert other.json()["sync"] is None
    await the_offer_is_explained(gateway, clinics[0], pool)

    events = await events_of(gateway, body["sync_id"])
    assert [event["seq"] for event in events] == list(range(1, body["seq"] + 1))
    assert [event["event"] for event in events[:2]] == ["accepted", "started"]
    assert events[-1]["event"] == "completed"
    assert await events_of(gateway, body["sync_id"], after=3) == events[3:]
    done = await gateway.get(f"{SYNC}/{body['sync_id']}/events", headers={"Last-Event-ID": str(body["seq"])})
    assert done.status_code == 204


async def test_an_async_sync_is_accepted_and_followed_live(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
) -> None:
    clinic_id = await pool.fetchval("select id from clinics where slug = $1", clinics[0].slug)
    body = {"clinicId": str(clinic_id), "startDate": str(clinics[0].today), "endDate": str(clinics[0].today)}
    response = await gateway.post(SYNC, json=body, headers={"Prefer": "respond-async"})
    assert response.status_code == 202, response.text
    accepted = response.json()
    status = (await gateway.get(response.headers["location"])).json()
    assert (status["sync"]["sync_id"], status["sync"]["status"]) == (accepted["sync_id"], "in_progress")
    follower = asyncio.create_task(events_of(gateway, accepted["sync_id"]))
    workers(system)
    events = await follower
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["event"] == "completed"


async def test_a_client_that_goes_away_cancels_its_sync(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await gateway.post(SYNC, json={"clinicId": clinics[0].slug, "daysAhead": 2}, timeout=1)

    async def cancelled() -> bool:
        return bool(await pool.fetchval("select count(*) from schedule_syncs where status = 'cancelled'"))

    await until(cancelled)


async def test_only_the_caller_whose_request_started_a_sync_cancels_it_by_going_away(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
) -> None:
    asked = {"clinicId": clinics[0].slug, "daysAhead": 2, "requestId": "booking-1"}
    first = asyncio.create_task(gateway.post(SYNC, json=asked))

    async def is_stored() -> bool:
        return bool(await pool.fetchval("select count(*) from schedule_syncs"))

    await until(is_stored)
    with pytest.raises(httpx.ReadTimeout):
        await gateway.post(SYNC, json=asked, timeout=1)

    async def is_given_up() -> bool:
        return "http_sync_cancelled" in system.log("gateway")

    await until(is_given_up)
    workers(system)
    assert (await first).json()["status"] == "completed"
    again = await gateway.post(SYNC, json=asked)
    assert (again.status_code, again.json()["status"]) == (200, "completed")


async def test_a_waiting_request_gets_the_cancellation(
    gateway: httpx.AsyncClient, clinics: list[SandboxClinic], asker: Asker, pool: Any
) -> None:
    waiting = asyncio.create_task(gateway.post(SYNC, json={"clinicId": clinics[0].slug, "daysAhead": 2}))
    sync_id = await until(lambda: pool.fetchval("select id from schedule_syncs"))
    await asker.ask("cancel", clinics[0].slug, {"sync_id": str(sync_id)})
    response = await waiting
    assert (response.status_code, response.json()["error"]["reason"]) == (409, "cancelled")


async def test_rejected_credentials_are_a_401(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], sandbox: SandboxProcess
) -> None:
    workers(system)
    await sandbox.fault_settings(clinics[0].company_id, sign_in={"locked": True})
    response = await gateway.post(SYNC, json={"clinicId": clinics[0].slug, "daysAhead": 1})
    assert response.status_code == 401, response.text
    again = await gateway.post(SYNC, json={"clinicId": clinics[0].slug, "daysAhead": 1})
    assert (again.status_code, again.json()["error"]["reason"]) == (401, "login_rejected")


class TestAShortWait:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"HTTP_SYNC_WAIT_MS": "300"}

    async def test_who_waits_too_long_gets_408_and_the_sync_is_cancelled(
        self, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
    ) -> None:
        response = await gateway.post(SYNC, json={"clinicId": clinics[0].slug, "daysAhead": 1})
        assert (response.status_code, response.json()["error"]["reason"]) == (408, "timed_out")
        assert await pool.fetchval("select status from schedule_syncs") == "cancelled"


class TestAFullQueue:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"MAX_CONCURRENT_SYNCS": "1", "MAX_QUEUED_SYNCS": "0"}

    async def test_a_full_queue_is_a_429_that_says_when_to_come_again(
        self, gateway: httpx.AsyncClient, clinics: list[SandboxClinic]
    ) -> None:
        body = {"clinicId": clinics[0].slug, "daysAhead": 1}
        first = await gateway.post(SYNC, json=body, headers={"Prefer": "respond-async"})
        assert first.status_code == 202
        second = await gateway.post(SYNC, json=body)
        assert (second.status_code, second.json()["error"]["reason"]) == (429, "queue_full")
        assert int(second.headers["retry-after"]) >= 1


async def test_a_gateway_that_stops_answers_who_waits_and_lets_the_sync_go_on(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
) -> None:
    waiting = asyncio.create_task(gateway.post(SYNC, json={"clinicId": clinics[0].slug, "daysAhead": 1}))
    await until(lambda: pool.fetchval("select id from schedule_syncs"))
    stream = asyncio.create_task(events_of(gateway, str(await pool.fetchval("select id from schedule_syncs"))))
    await asyncio.sleep(0)
    assert await asyncio.to_thread(system.stop, "gateway") == 0
    response = await waiting
    assert (response.status_code, response.json()["error"]["reason"]) == (503, "unavailable")
    await asyncio.gather(stream, return_exceptions=True)
    assert await pool.fetchval("select status from schedule_syncs") == "in_progress"


BAD: list[tuple[dict[str, Any], int, str]] = [
    ({"content": b"{not json"}, 400, "JSON"),
    ({"content": b"[1]"}, 400, "request"),
    ({"content": b"\xff\xfe"}, 400, "request"),
    ({"content": b""}, 400, "clinicId"),
    ({"json": {"daysAhead": 1}}, 400, "clinicId"),
    ({"json": {"clinicId": "a.b", "daysAhead": 1}}, 400, "clinicId"),
    ({"json": {"clinicId": "*", "daysAhead": 1}}, 400, "clinicId"),
    ({"json": {"clinicId": "a" * 41, "daysAhead": 1}}, 400, "clinicId"),
    ({"json": {"clinicId": 7, "daysAhead": 1}}, 400, "clinicId"),
    ({"json": {"clinicId": "elm", "daysAhead": 61}}, 400, "daysAhead"),
    ({"json": {"clinicId": "elm", "daysAhead": "14"}}, 400, "daysAhead"),
    ({"json": {"clinicId": "elm", "days_ahead": 14}}, 400, "days_ahead"),
    ({"json": {"clinicId": "elm", "daysAhead": 1, "startDate": "2030-01-01"}}, 404, "elm"),
    ({"json": {"clinicId": "elm", "startDate": "tomorrow"}}, 400, "startDate"),
    ({"json": {"clinicId": "nowhere", "daysAhead": 1}}, 404, "nowhere"),
    ({"json": {"clinicId": "elm", "requestId": "x" * 20_000}}, 413, "bytes"),
    ({"content": b'{"clinicId": "elm"}', "headers": {"Content-Type": "text/plain"}}, 415, "application/json"),
]


async def test_every_refusal_has_its_code_and_says_why(gateway: httpx.AsyncClient, pool: Any) -> None:
    for request, code, named in BAD:
        request = {"headers": {"Content-Type": "application/json"}} | request
        response = await gateway.post(SYNC, **request)
        body = response.json()
        assert (response.status_code, body["ok"], body["error"]["code"]) == (code, False, code), (request, body)
        assert named in body["error"]["message"], (request, body)
    asked = [
        (f"{SYNC}/status", 400, "clinicId"),
        (f"{SYNC}/status?clinicId=%00", 400, "clinicId"),
        (f"{SYNC}/status?clinicId=nowhere", 404, "nowhere"),
        (f"{SYNC}/status?clinicId=elm&syncId=7", 400, "syncId: needs the full id"),
        (f"{SYNC}/7/events", 400, "syncId"),
        (f"{SYNC}/{uuid.uuid4()}/events", 404, "sync"),
        (f"{SYNC}/{uuid.uuid4()}/events?clinicId=>", 400, "clinicId"),
        ("/api/nothing", 404, "Not Found"),
        ("/nothing", 404, "Not Found"),
        (SYNC, 405, "Method"),
    ]
    for path, code, named in asked:
        response = await gateway.get(path)
        assert response.status_code == code, (path, response.text)
        assert named in response.json()["error"]["message"]
    page = await gateway.get("/nix", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, '<a href="./">' in page.text) == (404, True)
    bad_id = await gateway.get(f"{SYNC}/{uuid.uuid4()}/events", headers={"Last-Event-ID": "-1"})
    assert bad_id.status_code == 400
    assert await pool.fetchval("select count(*) from schedule_syncs") == 0


async def test_the_description_is_openapi(gateway: httpx.AsyncClient) -> None:
    page = (await gateway.get("/openapi.json")).json()
    assert page["openapi"].startswith("3.1")
    assert set(page["paths"][SYNC]["post"]["responses"]) >= {
        "200",
        "202",
        "400",
        "401",
        "404",
        "408",
        "429",
        "500",
    }


async def test_a_web_page_elsewhere_cannot_ask_through_a_browser_here(gateway: httpx.AsyncClient) -> None:
    response = await gateway.get(f"{SYNC}/status?clinicId=elm", headers={"Host": "evil.example"})
    assert (response.status_code, response.json()["error"]["reason"]) == (421, "wrong_host")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"HTTP_PORT": "", "PORT": "here"}, "PORT='here'"),
        ({"HTTP_PORT": "TAKEN"}, "HTTP_PORT"),
        ({"API_KEYS": "partner:plain-text-key"}, "API_KEYS"),
        ({"PROMETHEUS_MULTIPROC_DIR": "/proc/nowhere"}, "PROMETHEUS_MULTIPROC_DIR"),
    ],
)
async def test_a_gateway_that_may_not_listen_does_not_start(
    system: System, environment: dict[str, str], named: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        changed = {name: port if value == "TAKEN" else value for name, value in environment.items()}
        system.environment = {**system.environment, **changed}
        system._start("gateway", "-m", "actors.gateway")
        assert await asyncio.to_thread(system.processes["gateway"].wait, 30) == 6
    assert named in system.log("gateway")
    assert "plain-text-key" not in system.log("gateway")
