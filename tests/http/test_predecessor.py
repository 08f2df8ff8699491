"""The calls of the replaced service, as its programs send them and read the answers."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.http.conftest import SYNC, url_of
from tests.system.conftest import System

pytestmark = pytest.mark.anyio

STATS = {
    *("slotsCreated", "slotsUpdated", "appointmentsAdded", "appointmentsUpdated", "appointmentsRemoved"),
    *("conflictsDetected", "conflictsResolved"),
}
CURRENT, NEXT = "sig_current_0123456789abcdefghijkl", "sig_next_0123456789abcdefghijklmno"

#: As the replaced service kept it.
OLD_CONFIGURATION = """
insert into public.clinic_schedule_config (clinic_id, stale_threshold_minutes, sync_horizon_days) values ($1, 30, 21)
on conflict (clinic_id) do update
set stale_threshold_minutes = excluded.stale_threshold_minutes, sync_horizon_days = excluded.sync_horizon_days,
    from_portal = false
"""


def workers(system: System) -> None:
    for queue in ("coordinator", "reconciler", "date_scraper"):
        system.worker(queue)


async def uuid_of(pool: Any, clinic: SandboxClinic) -> str:
    return str(await pool.fetchval("select id from clinics where slug = $1", clinic.slug))


async def test_a_sync_and_its_status_have_the_fields_that_its_programs_read(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
) -> None:
    workers(system)
    clinic_id = await uuid_of(pool, clinics[0])
    never = (await gateway.get(f"{SYNC}/status", params={"clinicId": clinic_id})).json()
    assert (never["hasData"], never["isStale"], never["lastSync"]) == (False, True, None)
    assert never["recommendedAction"]

    response = await gateway.post(SYNC, json={"clinicId": clinic_id, "daysAhead": 3})
    body = response.json()
    assert response.status_code == 200, body
    assert (body["success"], body["errors"], body["error_details"]) == (True, [], [])
    assert set(body["stats"]) >= STATS
    assert body["stats"]["appointmentsAdded"] == body["stats"]["appointments_added"] > 0
    first, last = date.fromisoformat(body["dateRange"]["start"]), date.fromisoformat(body["dateRange"]["end"])
    assert (last - first).days == 2
    assert body["durationMs"] > 0
    synced = datetime.fromisoformat(body["syncedAt"])
    assert datetime.fromisoformat(body["nextStaleAt"]) - synced == timedelta(minutes=60)
    assert datetime.fromisoformat(body["timestamp"]) >= synced

    status = (await gateway.get(f"{SYNC}/status", params={"clinicId": clinic_id})).json()
    assert (status["clinicId"], status["clinicName"]) == (clinic_id, clinics[0].name)
    assert (status["hasData"], status["isStale"], status["recommendedAction"]) == (True, False, None)
    assert status["lastSync"]["id"] == body["syncId"]
    assert status["lastSync"]["dateRange"] == body["dateRange"]
    assert set(status["lastSync"]["stats"]) == STATS
    assert status["freshness"]["staleThresholdMinutes"] == 60
    assert status["freshness"]["syncHorizonDays"] == 14
    assert status["message"]

    await pool.execute(OLD_CONFIGURATION, clinic_id)
    configured = (await gateway.get(f"{SYNC}/status", params={"clinicId": clinic_id})).json()["freshness"]
    assert (configured["staleThresholdMinutes"], configured["syncHorizonDays"]) == (30, 21)

    await pool.execute("update schedule_syncs set completed_at = completed_at - interval '61 minutes'")
    assert (await gateway.get(f"{SYNC}/status", params={"clinicId": clinic_id})).json()["isStale"]


async def test_a_failed_sync_and_a_refusal_say_so_in_texts(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], sandbox: SandboxProcess
) -> None:
    workers(system)
    await sandbox.fault_settings(clinics[0].company_id, sign_in={"locked": True})
    failed = await gateway.post(SYNC, json={"clinicId": clinics[0].slug, "daysAhead": 1})
    assert (failed.status_code, failed.json()["success"], failed.json()["syncedAt"]) == (401, False, None)
    assert failed.json()["errors"]
    assert all(isinstance(error, str) for error in failed.json()["errors"])
    unknown = await gateway.post(SYNC, json={"clinicId": "nowhere", "daysAhead": 1})
    assert (unknown.status_code, unknown.json()["success"]) == (404, False)
    assert unknown.json()["errors"] == [unknown.json()["error"]["message"]]
    assert (unknown.json()["syncId"], set(unknown.json()["stats"])) == (None, STATS)


class TestDaysAfterToday:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"HTTP_DAYS_AFTER_TODAY": "true"}

    async def test_fourteen_days_ahead_are_fifteen_dates_where_it_is_asked_for(
        self, gateway: httpx.AsyncClient, clinics: list[SandboxClinic]
    ) -> None:
        asked = {"clinicId": clinics[0].slug, "daysAhead": 14}
        accepted = await gateway.post(SYNC, json=asked, headers={"Prefer": "respond-async"})
        sync = (await gateway.get(accepted.headers["location"])).json()["sync"]
        assert sync["dates_total"] == 15
        too_many = await gateway.post(SYNC, json={**asked, "daysAhead": 60})
        assert (too_many.status_code, "59" in too_many.json()["error"]["message"]) == (400, True)


def signature(url: str, body: bytes, key: str = CURRENT, **claims: Any) -> str:
    """Signs a request as the scheduler does."""
    hashed = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()
    now = int(time.time())
    usual = {
        "iss": "Upstash",
        "sub": url,
        "exp": now + 300,
        "nbf": now,
        "iat": now,
        "jti": "jwt_1",
        "body": hashed,
    }
    return jwt.encode({**usual, **claims}, key, algorithm="HS256")


class TestSignedRequests:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"QSTASH_CURRENT_SIGNING_KEY": CURRENT, "QSTASH_NEXT_SIGNING_KEY": NEXT}

    async def test_only_requests_that_the_scheduler_signed_are_carried_out(
        self, system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: Any
    ) -> None:
        body = json.dumps({"clinicId": clinics[0].slug, "daysAhead": 1}).encode()
        url = f"https://sync.example{SYNC}"

        async def post(token: str | None, content: bytes = body, path: str = SYNC) -> httpx.Response:
            headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
            if token is not None:
                headers["Upstash-Signature"] = token
            return await gateway.post(path, content=content, headers=headers)

        wrong = {
            "none": await post(None),
            "another key": await post(signature(url, body, "sig_other_0123456789abcdefghijklmno")),
            "another body": await post(signature(url, body), body.replace(b"1", b"2")),
            "another address": await post(signature("https://sync.example/api/other", body)),
            "another query": await post(signature(url, body), path=f"{SYNC}?a=1"),
            "expired": await post(signature(url, body, exp=int(time.time()) - 60)),
            "not yet": await post(signature(url, body, nbf=int(time.time()) + 60)),
            "another issuer": await post(signature(url, body, iss="Another")),
            "no expiry": await post(signature(url, body, exp=None)),
            "no signature": await post(jwt.encode({"sub": url}, None, algorithm="none")),
            "no token": await post("x"),
        }
        assert {name: response.status_code for name, response in wrong.items()} == dict.fromkeys(wrong, 401)
        assert await pool.fetchval("select count(*) from schedule_syncs") == 0
        for key in (CURRENT, NEXT):
            accepted = await post(signature(url, body, key))
            assert accepted.status_code == 202, accepted.text
        assert CURRENT not in system.log("gateway")
        assert (await gateway.get(f"{SYNC}/status?clinicId={clinics[0].slug}")).status_code == 401
        assert (await gateway.get("/health")).status_code in (200, 503)


class TestThePublicAddress:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"QSTASH_CURRENT_SIGNING_KEY": CURRENT, "HTTP_PUBLIC_URL": "https://sync.example/idexx/"}

    async def test_where_it_is_set_a_signature_for_another_service_is_refused(
        self, gateway: httpx.AsyncClient, clinics: list[SandboxClinic]
    ) -> None:
        path = f"{SYNC}/status?clinicId={clinics[0].slug}"
        for base, code in (("https://sync.example/idexx", 200), ("https://other.example", 401)):
            response = await gateway.get(path, headers={"Upstash-Signature": signature(base + path, b"")})
            assert response.status_code == code, response.text


class TestItsEnvironment:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        unused = {"NODE_ENV": "production", "SUPABASE_URL": "https://x.example", "POSTHOG_API_KEY": "phc_secret"}
        return {"PORT": "0", "HOST": "127.0.0.2", "LOG_LEVEL": "INFO", "SKIP_QSTASH_VERIFY": "true", **unused}

    async def test_its_variables_count_and_those_without_a_meaning_are_named_once(
        self, system: System, clinics: list[SandboxClinic]
    ) -> None:
        system.environment = {name: value for name, value in system.environment.items() if name != "HTTP_PORT"}
        system.gateway()
        log, url = system.log("gateway"), url_of(system)
        assert url.startswith("http://127.0.0.2:")
        for name in ("NODE_ENV", "SUPABASE_URL", "POSTHOG_API_KEY", "SKIP_QSTASH_VERIFY"):
            assert log.count(f"variable={name}") == 1, log
        assert "phc_secret" not in log
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            assert (await client.get(f"{SYNC}/status?clinicId={clinics[0].slug}")).status_code == 200
            for path in ("/health", "/ready"):
                assert (await client.get(path)).json()["status"]
            names = (await client.get("/metrics")).text
            for metric in ("process_uptime_seconds", "sync_queue_active", "browser_pool_total"):
                assert metric in names
