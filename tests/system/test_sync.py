"""A sync from a request on NATS to rows in PostgreSQL, with every part real."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days
from tests.conftest import free_port, until
from tests.system.conftest import Asker, System
from tests.system.portal_truth import by_id, stored, truth

pytestmark = pytest.mark.anyio

DAYS = 14


async def agrees(pool: asyncpg.Pool, sandbox: SandboxProcess, clinic: SandboxClinic, days: int = DAYS) -> None:
    end = clinic.today + timedelta(days=days - 1)
    ours = by_id(await stored(pool, clinic.slug, clinic.today, end))
    theirs = by_id(await truth(sandbox, clinic, clinic.today, end))
    assert ours == theirs
    assert theirs


async def run(asker: Asker, clinic: SandboxClinic, days: int = DAYS) -> list[dict[str, Any]]:
    accepted = await asker.ask("sync", clinic.slug, first_days(days))
    assert accepted["ok"], accepted
    return await asker.events(clinic.slug, accepted["sync_id"])


async def calls_in_flight(sandbox: SandboxProcess) -> bool:
    return any(call.done_at is None for call in await sandbox.request_log(kind="calendar"))


async def test_two_clinics_equal_the_portal_twice(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything(scrapers=2)
    for events in await asyncio.gather(*(run(asker, clinic) for clinic in clinics)):
        assert events[-1]["event"] == "completed", events[-1]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert [event["event"] for event in events[:2]] == ["accepted", "started"]
        assert sum(event["event"] == "date_completed" for event in events) == DAYS
        assert events[-1]["stats"]["appointments_added"] > DAYS
    for clinic in clinics:
        await agrees(pool, sandbox, clinic)
        await sandbox.change(clinic.company_id, add=4, move=4, cancel=3, delete=3, seed=5)
    for events in await asyncio.gather(*(run(asker, clinic) for clinic in clinics)):
        assert events[-1]["event"] == "completed", events[-1]
        assert events[-1]["stats"]["appointments_removed"] >= 1
    for clinic in clinics:
        await agrees(pool, sandbox, clinic)
    assert len(await sandbox.request_log(kind="login")) == len(clinics), (
        "each clinic signs in once, for all workers"
    )


async def test_slots_count_what_is_booked(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything()
    await run(asker, clinics[0], days=3)
    assert await pool.fetchval("select count(*) from schedule_slots where booked_count < capacity") == 0
    await pool.execute(
        "update clinics c set resources = (select array_agg(room ->> 'id') from idexx_sync.clinic_portal_config p"
        " cross join jsonb_array_elements(p.rooms) room where p.clinic_id = c.id) where slug = $1",
        clinics[0].slug,
    )
    await run(asker, clinics[0], days=3)
    wrong = await pool.fetchval(
        """
        select count(*) from schedule_slots s where booked_count <> (
            select case when bool_or(a.room_id is null and a.appointment_type = 'block') then s.capacity
                else least(count(distinct coalesce(a.room_id, a.id::text)), s.capacity) end
            from schedule_appointments a
            where a.clinic_id = s.clinic_id and a.deleted_at is null and a.status not in ('cancelled', 'no_show')
                and a.starts_at < s.ends_at and a.ends_at > s.starts_at)
        """
    )
    assert wrong == 0
    assert await pool.fetchval("select sum(booked_count) from schedule_slots") > 0


async def test_a_killed_scraper_loses_nothing(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    await sandbox.fault_settings(latency_ms=500)
    system.everything(scrapers=2)
    clinic = clinics[0]
    accepted = await asker.ask("sync", clinic.slug, first_days(DAYS))
    await until(lambda: calls_in_flight(sandbox))
    system.kill("date_scraper-0")
    system.kill("date_scraper-1")
    system.worker("date_scraper", "date_scraper-2")
    events = await asker.events(clinic.slug, accepted["sync_id"])
    assert events[-1]["event"] == "completed", events[-1]
    assert not events[-1]["failed_dates"]
    await agrees(pool, sandbox, clinic)


async def test_bad_requests_get_a_refusal_and_nothing_else_happens(
    system: System, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.gateway()
    slug, day = clinics[0].slug, clinics[0].today
    bad: list[tuple[str, Any, int, str]] = [
        (slug, b"{not json", 400, "JSON"),
        (slug, b"[1]", 400, "request"),
        (slug, b"\xff\xfe", 400, "request"),
        (slug, {}, 400, "days_ahead"),
        (slug, {"days_ahead": 61}, 400, "days_ahead: 61 "),
        (slug, {"days_ahead": 0}, 400, "days_ahead"),
        (slug, {"days_ahead": "14"}, 400, "days_ahead"),
        (slug, {"days_ahead": 14, "start_date": str(day)}, 400, "days_ahead"),
        (slug, {"start_date": str(day), "end_date": str(day - timedelta(days=1))}, 400, "end_date"),
        (slug, {"start_date": str(day), "end_date": str(day + timedelta(days=60))}, 400, "end_date"),
        (slug, {"start_date": "tomorrow", "end_date": str(day)}, 400, "start_date"),
        (slug, {"days_ahead": 3, "daysAhead": 3}, 400, "daysAhead"),
        (slug, b'{"days_ahead": 3, "request_id": "' + b"x" * 20_000 + b'"}', 413, "bytes"),
        ("nowhere", {"days_ahead": 3}, 404, "nowhere"),
    ]
    for clinic, body, code, named in bad:
        reply = await asker.ask("sync", clinic, body)
        assert (reply["ok"], reply["error"]["code"]) == (False, code), (body, reply)
        assert named in reply["error"]["message"], reply
    assert await pool.fetchval("select count(*) from schedule_syncs") == 0


async def test_a_refusal_without_a_reply_subject_is_an_event(system: System, asker: Asker) -> None:
    system.gateway()
    rejected = await asker.client.subscribe(f"{asker.prefix}.evt.rejected.nowhere")
    await asker.client.flush()
    await asker.client.publish(f"{asker.prefix}.cmd.sync.nowhere", b'{"days_ahead": 1}')
    event = json.loads((await rejected.next_msg(timeout=10)).data)
    assert (event["event"], event["code"], event["reason"]) == ("rejected", 404, "unknown_clinic")


async def test_a_clinic_without_credentials_is_refused(system: System, asker: Asker, pool: asyncpg.Pool) -> None:
    await pool.execute("insert into clinics (slug, name) values ('bare', 'Bare')")
    system.gateway()
    reply = await asker.ask("sync", "bare", {"days_ahead": 1})
    assert (reply["error"]["code"], reply["error"]["reason"]) == (401, "no_credentials")


async def test_the_service_answers_to_the_name_of_the_interface(system: System, asker: Asker) -> None:
    system.gateway()
    reply = await asker.client.request("$SRV.INFO.idexx-sync", b"", timeout=10)
    subjects = [endpoint["subject"] for endpoint in json.loads(reply.data)["endpoints"]]
    assert f"{asker.prefix}.cmd.sync.*" in subjects


class TestNoDatabase:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"DATABASE_URL": f"postgresql://unknown@127.0.0.1:{free_port()}/none"}

    async def test_a_database_that_is_away_is_a_refusal(self, system: System, asker: Asker) -> None:
        system.gateway()
        reply = await asker.ask("sync", "elm", {"days_ahead": 1}, timeout=30)
        assert (reply["error"]["code"], reply["error"]["reason"]) == (503, "unavailable")
        assert "PostgreSQL" in reply["error"]["message"]


class TestFullMailbox:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"MAILBOX_SIZE_COORDINATOR": "1"}

    async def test_a_full_mailbox_is_a_refusal_and_no_half_made_sync(
        self, system: System, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
    ) -> None:
        system.gateway()
        one, other = clinics[0].slug, clinics[1].slug
        assert (await asker.ask("sync", one, {"days_ahead": 1}))["ok"]
        reply = await asker.ask("sync", other, {"days_ahead": 1})
        assert (reply["error"]["code"], reply["error"]["reason"]) == (503, "mailbox_full")
        assert await pool.fetchval("select count(*) from schedule_syncs") == 1


class TestFullMailboxOfTheReconciler:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"MAILBOX_SIZE_RECONCILER": "1"}

    async def test_seen_dates_wait_for_it_and_none_fails(
        self, system: System, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
    ) -> None:
        system.gateway()
        system.worker("coordinator")
        system.worker("date_scraper")
        sync = await asker.ask("sync", clinics[0].slug, {"days_ahead": 4})

        async def all_are_seen() -> bool:
            counted = "select count(*) from idexx_sync.schedule_sync_dates where status = 'scraped'"
            return bool(await pool.fetchval(counted) == 4)

        await until(all_are_seen)
        system.worker("reconciler")
        events = await asker.events(clinics[0].slug, sync["sync_id"])
        assert (events[-1]["event"], events[-1]["failed_dates"]) == ("completed", [])
        assert "MailboxFull" not in system.log("date_scraper")


async def test_a_warm_fortnight_takes_two_calls_and_every_date_has_its_own_events(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool
) -> None:
    system.everything()
    for _ in range(2):
        await sandbox.clear_request_log()
        events = await run(asker, clinics[0])
        assert events[-1]["event"] == "completed"
        assert len({event["date"] for event in events if event["event"] == "date_completed"}) == DAYS
    assert len(await sandbox.request_log(kind="calendar")) == 2
    assert not await sandbox.request_log(kind="config"), "the configuration was read by the sync before"
    await agrees(pool, sandbox, clinics[0])
