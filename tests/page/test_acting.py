"""Requests that act: who may, what they do, and the record of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from actors.http.keys import fingerprint
from engine.api_key import read_rights
from engine.store.api_keys import add_api_key
from engine.store.clinics import find_clinic
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.conftest import until
from tests.http.conftest import SYNC, url_of
from tests.http.described import as_described
from tests.many_clinics import HELD
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

REMOVALS, CANCEL, BOOKING = (f"/api/idexx/{name}" for name in ("removals", "cancel", "booking"))
#: The status of one of the appointments of a sync's clinic has changed.
CHANGE = """
with stored as (
    select a.*, idexx_sync.appointment_values(a) as before from schedule_appointments a
    where patient_name = 'Patient 14'
)
insert into idexx_sync.schedule_appointment_changes
    (clinic_id, sync_id, appointment_id, neo_appointment_id, kind, before, after, published_at)
select clinic_id, $1::uuid, id, neo_appointment_id, 'updated', before,
    jsonb_populate_record(before, '{"status": "confirmed"}'), now() from stored
"""
ACTIONS = "select who, source, verb, clinic, removals, outcome from idexx_sync.actions where at > $1 order by at"


@pytest.fixture
async def gateway(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """Yields a client whose responses must match the API's description."""
    hooks = {"response": [as_described]}
    async with httpx.AsyncClient(base_url=url_of(system), timeout=60, event_hooks=hooks) as client:
        yield client


async def key(pool: asyncpg.Pool, name: str, *rights: str, clinic: str | None = None) -> dict[str, str]:
    async with pool.acquire() as connection:
        of = None if clinic is None else await find_clinic(connection, clinic)
        await add_api_key(
            connection,
            name,
            fingerprint(f"acting {name}"),
            rights=read_rights(rights),
            clinic=of,
            created_by="test",
        )
    return {"Authorization": f"Bearer acting {name}"}


async def recorded(pool: asyncpg.Pool, since: datetime) -> list[Any]:
    return [tuple(row) for row in await pool.fetch(ACTIONS, since)]


async def test_only_a_key_that_may_acts_and_each_action_is_recorded_once(
    gateway: httpx.AsyncClient,
    asker: Asker,
    pool: asyncpg.Pool,
    branches: None,
    clinics: list[SandboxClinic],
    sandbox: SandboxProcess,
) -> None:
    began = await pool.fetchval("select clock_timestamp()")
    of_slug = "select s.id::text from schedule_syncs s join clinics c on c.id = s.clinic_id where c.slug = $1"
    sync = await pool.fetchval(of_slug, "branch-17")
    booking = await pool.fetchval("select id::text from vapi_bookings")
    decide = {"clinicId": "branch-17", "syncId": sync, "decision": "approve", "removals": HELD}
    reader, actor = await key(pool, "desk", "names"), await key(pool, "bot", "act", clinic="branch-17")

    async def refused(path: str, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, str]:
        response = await gateway.post(path, json=body, headers=headers)
        return response.status_code, response.json()["error"]["reason"]

    for headers in ({}, reader):
        assert await refused(REMOVALS, decide, headers) == (403, "not_allowed")
        assert await refused(CANCEL, {"clinicId": "branch-17", "syncId": sync}, headers) == (403, "not_allowed")
    settle = {"clinicId": "branch-12", "bookingId": booking, "decision": "settle"}
    assert await refused(BOOKING, settle, actor) == (403, "not_allowed")
    assert await refused(REMOVALS, decide, actor | {"Sec-Fetch-Site": "cross-site"}) == (403, "not_allowed")
    assert await refused(
        SYNC, {"clinicId": "branch-17", "daysAhead": 1}, actor | {"Sec-Fetch-Site": "same-site"}
    ) == (
        403,
        "not_allowed",
    )
    assert await recorded(pool, began) == []

    # What a person has not seen is not decided; a booking of another clinic is not known.
    assert await refused(REMOVALS, decide | {"removals": HELD - 1}, actor) == (409, "wrong_state")
    assert await refused(BOOKING, settle | {"clinicId": "branch-17"}, actor) == (404, "unknown_booking")
    done = await gateway.post(REMOVALS, json=decide, headers=actor)
    assert (done.status_code, done.json()["removals"]) == (200, HELD)
    everywhere = await key(pool, "chief", "act")
    await until(lambda: _accepted(gateway, everywhere))
    own = clinics[0]
    await sandbox.fault_settings(own.company_id, latency_ms=5000)
    body, at_once = {"clinicId": own.slug, "daysAhead": 1}, {"Prefer": "respond-async"}
    accepted = await gateway.post(SYNC, json=body, headers=everywhere | at_once)
    cancel = {"clinicId": own.slug, "syncId": accepted.json()["sync_id"]}
    assert (await gateway.post(CANCEL, json=cancel, headers=everywhere)).json()["status"] == "cancelled"
    await sandbox.reset_fault_settings()
    assert (await gateway.post(BOOKING, json=settle, headers=everywhere)).json()["status"] == "settle"
    again = await asker.ask("reject", "branch-17", {"sync_id": sync})
    assert again["error"]["reason"] == "wrong_state"
    assert await recorded(pool, began) == [
        ("bot", "http", "approve", "branch-17", None, "wrong_state"),
        ("bot", "http", "settle", "branch-17", None, "unknown_booking"),
        ("bot", "http", "approve", "branch-17", HELD, "done"),
        ("chief", "http", "sync", own.slug, None, "done"),
        ("chief", "http", "cancel", own.slug, None, "done"),
        ("chief", "http", "settle", "branch-12", None, "done"),
        (None, "nats", "reject", "branch-17", None, "wrong_state"),
    ]
    left = "select count(*) from idexx_sync.actions where published_at is null"
    await until(lambda: _is_zero(pool, left))
    detail = await gateway.get("/api/idexx/clinic?clinicId=branch-17", headers=reader)
    assert [action["who"] for action in detail.json()["actions"]] == [None, "bot", "bot", "bot"]
    assert (
        await gateway.get(f"/api/idexx/sync?clinicId=branch-12&syncId={sync}", headers=reader)
    ).status_code == 404


async def test_names_and_evidence_need_a_key_that_may_see_them(
    gateway: httpx.AsyncClient, pool: asyncpg.Pool, branches: None
) -> None:
    ids = "select s.id::text, sync_start_date from schedule_syncs s join clinics c on c.id = s.clinic_id"
    sync, day = await pool.fetchrow(f"{ids} where slug = 'branch-17'")
    evidence = await pool.fetchval(
        "insert into idexx_sync.schedule_evidence"
        " (sync_id, date, at, reason, message, address, title, headers, body, screenshot)"
        " values ($1, $2, now(), 'server_error', 'the portal returned 503', 'https://portal.test', 'Error', '{}',"
        " 'xxx', 'PNG') returning id",
        *(sync, day),
    )
    await pool.execute(CHANGE, sync)
    reader, names = await key(pool, "reader"), await key(pool, "names", "names")
    about = f"clinicId=branch-17&syncId={sync}"
    one = f"clinicId=branch-17&evidenceId={evidence}"
    for headers, may in ((reader, False), (names, True)):
        await until(lambda headers=headers: _accepted(gateway, headers))
        found = (await gateway.get(f"/api/idexx/sync?{about}", headers=headers)).json()
        assert ("Patient 1" in {held["patient"] for held in found["held"]}) is may
        assert (found["evidence"] is not None) is may
        dated = (await gateway.get(f"/api/idexx/date?clinicId=branch-17&date={day}", headers=headers)).json()
        assert (dated["evidence"] is not None) is may
        assert [attempt["sync_id"] for attempt in dated["attempts"]] == [sync]
        [change] = dated["changes"]
        value = "confirmed" if may else None
        assert change["fields"] == [{"name": "status", "before": "scheduled" if may else None, "after": value}]
        assert change["after"]["patient"] == ("Patient 14" if may else None)
        booked = (await gateway.get("/api/idexx/clinic?clinicId=branch-12", headers=headers)).json()
        assert (booked["bookings"][0]["client"] == "Client of the booking") is may
        assert (await gateway.get(f"/api/idexx/evidence?{one}", headers=headers)).status_code == (
            200 if may else 403
        )
        picture = await gateway.get(f"/api/idexx/screenshot?{one}", headers=headers)
        assert (picture.content == b"PNG") is may
        other = await gateway.get(f"/api/idexx/evidence?clinicId=branch-12&evidenceId={evidence}", headers=headers)
        assert other.status_code == (404 if may else 403)


async def _accepted(gateway: httpx.AsyncClient, headers: dict[str, str]) -> bool:
    """Whether the gateway knows the key yet."""
    return (await gateway.get("/api/idexx/overview", headers=headers)).status_code == 200


async def _is_zero(pool: asyncpg.Pool, query: str) -> bool:
    return bool(await pool.fetchval(query) == 0)
