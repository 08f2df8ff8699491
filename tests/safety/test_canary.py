"""Whatever happens, names, phone numbers, notes, passwords and cookies stay in the tables that are for them.

The portal tags all personal data; then syncs go through failures of every kind, with every output turned on: debug
logs, Sentry, traces, metrics, the events by HTTP. Nothing outside of those tables carries the
mark, a phone number, a password or a cookie.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
from nats.aio.msg import Msg

from actors.http.calendar_feeds import FOLDER
from actors.http.keys import fingerprint, new_feed_token
from engine.calendar_feed.feed import FeedScope
from engine.store.calendar_feeds import add_feed
from engine.store.clinics import find_clinic
from engine.store.sessions import get_session
from engine.store.vault import Vault
from engine.store.webhooks import get_secrets, set_webhook
from engine.webhook import Secrets
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import first_days
from tests.conftest import free_port, until
from tests.safety.receivers import Receiver, receiving
from tests.safety.test_error_reports import send
from tests.system.conftest import Asker, System
from tests.webhooks.receiver import Receiver as Hooks
from tests.webhooks.receiver import receiving as hooked

pytestmark = pytest.mark.anyio

#: In small letters, and no word that a program would say.
MARK = "qzcanary"

#: Where personal data belongs.
PERSONAL = {
    "schedule_appointments",
    "idexx_sync.schedule_appointment_changes",
    "idexx_sync.schedule_snapshots",
    "idexx_sync.schedule_second_sightings",
}

#: Failures that a sync gets over, each struck once.
PASSING = [
    {"mode": "status", "status": 503, "count": 1},
    {"mode": "cut_body", "count": 1},
    {"mode": "not_json", "count": 1},
    {"mode": "end_session", "count": 1},
    {"mode": "login_page", "count": 1},
    {"mode": "deep_json", "count": 1},
]


@pytest.fixture
def reports() -> Iterator[Receiver]:
    """Of errors and of traces."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(reports: Receiver) -> dict[str, str]:
    return {
        "LOG_LEVEL": "debug",
        "SENTRY_DSN": reports.dsn,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{reports.address}",
        "HTTP_PORT": str(free_port()),
        "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
    }


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    """Of the ends of syncs."""
    with hooked() as receiver:
        yield receiver


@pytest.fixture
async def said(asker: Asker) -> list[Msg]:
    """Everything that is said on NATS: events, mailboxes, buckets, answers."""
    heard: list[Msg] = []

    async def hear(message: Msg) -> None:
        heard.append(message)

    await asker.client.subscribe(">", cb=hear)
    await asker.client.flush()
    return heard


@dataclass
class Haystack:
    """All output, by its source."""

    outputs: dict[str, bytes] = field(default_factory=dict)

    def add(self, where: str, what: object) -> None:
        self.outputs[where] = self.outputs.get(where, b"") + (
            what if isinstance(what, bytes) else repr(what).encode()
        )

    def holds(self, needle: str) -> list[str]:
        """Where it is, with its context."""
        found = [(where, text, text.find(needle.encode())) for where, text in self.outputs.items()]
        return [f"{where}: {text[max(at - 150, 0) : at + 80]!r}" for where, text, at in found if at >= 0]


async def run(asker: Asker, clinic: SandboxClinic, days: int = 2) -> dict[str, Any]:
    accepted = await asker.ask("sync", clinic.slug, first_days(days))
    assert accepted["ok"], accepted
    last: dict[str, Any] = (await asker.events(clinic.slug, accepted["sync_id"]))[-1]
    return last


async def trouble(
    system: System,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    pool: asyncpg.Pool,
    nats_url: str,
) -> None:
    """Every kind of it, one after the other."""
    north, south = clinics
    await sandbox.fault_settings(tag=MARK, fail=PASSING)
    assert (await run(asker, north))["event"] == "completed"
    for drift in ("renamed_fields", "unknown_field", "duplicate_differs", "unreadable_start", "not_an_object"):
        await sandbox.fault_settings(fail=None, drift=[drift])
        await run(asker, north, days=1)
    await sandbox.fault_settings(drift=["unknown_status"])
    assert (await run(asker, north, days=1))["event"] == "completed"
    await sandbox.fault_settings(drift=None, sign_in={"reject": True})
    assert (await run(asker, south, days=1))["event"] == "failed"
    await sandbox.fault_settings(sign_in=None, latency_ms=3000)
    accepted = await asker.ask("sync", north.slug, first_days(2))
    system.kill("date_scraper-0")
    system.worker("date_scraper", "date_scraper-1")
    await asker.ask("cancel", north.slug, {"sync_id": accepted["sync_id"]})
    await sandbox.fault_settings(latency_ms=None)
    await sandbox.change(north.company_id, add=3, edit=3, delete=2, seed=3)
    await a_refused_row(asker, north, pool, nats_url)


async def a_refused_row(asker: Asker, clinic: SandboxClinic, pool: asyncpg.Pool, nats_url: str) -> None:
    """The database does not take a row, and says why; the message that brings it dies."""
    await pool.execute(
        f"alter table schedule_appointments add constraint no_mark check (notes !~ '{MARK}') not valid"
    )
    sync_id = (await asker.ask("sync", clinic.slug, first_days(1)))["sync_id"]
    scraped = "select true from idexx_sync.schedule_sync_dates where sync_id = $1 and status = 'scraped'"
    await until(lambda: pool.fetchval(scraped, sync_id))
    await asyncio.to_thread(
        send, nats_url, asker.prefix, "reconciler", "reconcile_date", sync_id, str(clinic.today)
    )
    assert (await asker.events(clinic.slug, sync_id))[-1]["event"] == "failed"


async def secrets(
    pool: asyncpg.Pool, key_ring: str, sandbox: SandboxProcess, clinics: list[SandboxClinic]
) -> set[str]:
    """Passwords, user names, cookies, the key, what signs webhooks, and every phone number as written and as meant."""
    found = {key_ring.partition(":")[2], *(clinic.password for clinic in clinics)}
    found |= {clinic.username for clinic in clinics}
    for clinic in clinics:
        async with pool.acquire() as connection:
            clinic_id = (await find_clinic(connection, clinic.slug)).id
            signers = await get_secrets(connection, Vault.from_ring(key_ring), clinic_id)
            found |= {signers.current.removeprefix("whsec_")} if signers else set()
            session = await get_session(connection, Vault.from_ring(key_ring), clinic_id)
        found |= {cookie["value"] for cookie in (session or {}).get("cookies", [])}
    phones = await pool.fetch("select client_phone, client_phone_raw from schedule_appointments")
    return found | {phone.lstrip("+") for row in phones for phone in row if phone and any(map(str.isdigit, phone))}


async def feeds(system: System, clinic: SandboxClinic, pool: asyncpg.Pool) -> set[str]:
    """Reads calendar feeds with names, one of them with an unexpected error; returns their tokens."""
    tokens = [new_feed_token(), new_feed_token()]
    async with pool.acquire() as connection:
        stored = await find_clinic(connection, clinic.slug)
        for token in tokens:
            scope = FeedScope(names=True)
            await add_feed(connection, "desk", fingerprint(token), clinic=stored, scope=scope, created_by="test")
        # The portal's days are far from the gateway's clock.
        await connection.execute("alter table schedule_appointments drop constraint no_mark")
        await connection.execute(
            "update schedule_appointments set date = current_date, starts_at = now(), ends_at = now() + interval '1 h'"
            " where clinic_id = $1",
            stored.id,
        )
    address = f"http://127.0.0.1:{system.environment['HTTP_PORT']}{FOLDER}"
    async with httpx.AsyncClient() as client:

        async def read() -> str | None:
            response = await client.get(f"{address}/{tokens[0]}.ics")
            return response.text if response.status_code == 200 else None

        shown = await until(read)
        assert MARK in shown.replace("\r\n ", "")
        await pool.execute("alter table idexx_sync.calendar_feed_events rename column uid to gone")
        assert (await client.get(f"{address}/{tokens[1]}.ics")).status_code == 500
    async with httpx.AsyncClient() as client:  # the server closes a connection after an unexpected error
        for path in (f"{tokens[0]}.ics/", tokens[0], f"{tokens[0]}.ics?{tokens[0]}", f"{tokens[0]}x.ics"):
            await client.get(f"{address}/{path}")
        await client.post(f"{address}/{tokens[0]}.ics", content=tokens[0])
    return set(tokens)


async def collect(
    system: System, said: list[Msg], reports: Receiver, hooks: Hooks, pool: asyncpg.Pool
) -> Haystack:
    found = Haystack()
    address = f"http://127.0.0.1:{system.environment['HTTP_PORT']}"
    for path in ("/metrics", "/health"):
        async with httpx.AsyncClient() as client:
            found.add(path, (await client.get(address + path)).content)
    for name in list(system.processes):
        assert system.stop(name) == 0
    for message in said:
        found.add(f"nats {message.subject.split('.')[1]}", (message.subject, message.headers, message.data))
    found.add("logs", system.logs().encode())
    for body in reports.bodies:
        found.add("reports", body)
    for posted in hooks.posted:
        found.add("webhooks", (posted.headers, posted.body))
    for (table,) in await pool.fetch(
        "select oid::regclass::text from pg_class where relkind = 'r'"
        " and relnamespace in ('public'::regnamespace, 'idexx_sync'::regnamespace)"
    ):
        if table not in PERSONAL:
            for row in await pool.fetch(f"select * from {table}"):
                found.add(f"table {table}", dict(row))
    return found


async def test_no_personal_data_leaves_the_tables_that_are_for_it(
    system: System,
    sandbox: SandboxProcess,
    clinics: list[SandboxClinic],
    asker: Asker,
    said: list[Msg],
    reports: Receiver,
    hooks: Hooks,
    pool: asyncpg.Pool,
    key_ring: str,
    nats_url: str,
) -> None:
    async with pool.acquire() as connection:
        for clinic in clinics:
            stored, signers = await find_clinic(connection, clinic.slug), Secrets.fresh()
            await set_webhook(connection, Vault.from_ring(key_ring), stored, hooks.url(), signers)
    system.gateway()
    for queue in ("coordinator", "reconciler", "notifier"):
        system.worker(queue)
    system.worker("date_scraper", "date_scraper-0")
    await trouble(system, sandbox, clinics, asker, pool, nats_url)
    needles = await secrets(pool, key_ring, sandbox, clinics)
    needles |= await feeds(system, clinics[0], pool)
    found = await collect(system, said, reports, hooks, pool)
    # The data went all the way, and every output has content.
    assert await pool.fetchval(f"select count(*) from schedule_appointments where notes ~ '{MARK}'") > 20
    assert len(needles) > 30
    assert (
        await pool.fetchval("select count(*) from idexx_sync.schedule_evidence where screenshot is not null") >= 3
    )
    assert {
        "logs",
        "reports",
        "/metrics",
        "nats evt",
        "nats reconciler",
        "webhooks",
        "table idexx_sync.schedule_evidence",
    } <= set(found.outputs)
    assert reports.errors
    leaks = [leak for needle in {MARK, *needles} for leak in found.holds(needle)]
    assert not leaks, "\n".join(leaks[:20])
