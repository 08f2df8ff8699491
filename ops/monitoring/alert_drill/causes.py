"""The cause of each alert, and the remedy that the runbook names.

A cause is a context manager: entering the block causes the problem, leaving it applies the remedy.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from dramatiq import Message

from actors.queues import DATE_SCRAPER, NOTIFIER
from actors.runtime.broker import build_broker
from actors.settings import Settings
from engine.store import clinics as store
from ops.client.connections import open_database
from ops.local.supervision import Command
from ops.monitoring.alert_drill.process_causes import ended
from ops.monitoring.testbed.machine import Watched
from ops.sandbox.client import SandboxClinic

SCRAPERS = ("scraper-1", "scraper-2")
#: Limit of the DateScrapers' mailbox in a drill: two syncs each of two clinics fill it.
MAILBOX_SIZE = 10

#: A freshness goal that is soon missed, and that a sync meets for a while. Seconds.
GOAL = 20


@asynccontextmanager
async def missed_goal(watched: Watched) -> AsyncIterator[None]:
    clinic = watched.clinics[0]
    await watched.ended(clinic, await watched.sync(clinic, 1))
    await set_goal(watched, clinic, GOAL)
    yield
    await watched.ended(clinic, await watched.sync(clinic, 1))


async def no_goal(watched: Watched) -> None:
    await set_goal(watched, watched.clinics[0], None)


async def set_goal(watched: Watched, clinic: SandboxClinic, seconds: int | None) -> None:
    """Sets a clinic's freshness goal."""
    async with open_database(watched.settings.need_database_url()) as connection:
        await store.set_goal(connection, await store.find_clinic(connection, clinic.slug), seconds)


@asynccontextmanager
async def rejected_login(watched: Watched) -> AsyncIterator[None]:
    clinic = watched.clinics[0]
    await watched.sandbox.fault_settings(clinic.company_id, sign_in={"reject": True})
    await watched.sandbox.end_sessions(clinic.company_id)
    await watched.sync(clinic, 1)
    yield
    await watched.sandbox.fault_settings(clinic.company_id, sign_in=None)
    await watched.command("credentials", "test", clinic.slug)
    await watched.ended(clinic, await watched.sync(clinic, 1))


@asynccontextmanager
async def half_a_calendar(watched: Watched) -> AsyncIterator[None]:
    clinic, days = watched.clinics[0], 14
    await watched.ended(clinic, await watched.sync(clinic, days))
    truth = await watched.sandbox.truth(clinic.company_id, clinic.today, clinic.today + timedelta(days=days - 1))
    ids = [one["neo_appointment_id"] for one in truth]
    # A removal that the portal proves by the appointment's id is not held.
    await watched.sandbox.fault_settings(clinic.company_id, lookup_call="absent")
    await watched.sandbox.change(clinic.company_id, delete=ids[: len(ids) * 2 // 3])
    sync = await watched.sync(clinic, days)
    await watched.ended(clinic, sync)
    yield
    await watched.command("runs", "approve", sync, "--yes")
    await watched.sandbox.fault_settings(clinic.company_id, lookup_call=None)


@asynccontextmanager
async def changed_portal(watched: Watched) -> AsyncIterator[None]:
    clinic = watched.clinics[1]  # the first may have lost its records, and without records none can be misread
    await watched.sandbox.fault_settings(clinic.company_id, drift=["renamed_fields"])
    await watched.ended(clinic, await watched.sync(clinic, 3))
    yield
    await watched.sandbox.fault_settings(clinic.company_id, drift=None)
    await watched.ended(clinic, await watched.sync(clinic, 3))


@asynccontextmanager
async def undecided_booking(watched: Watched) -> AsyncIterator[None]:
    async with open_database(watched.settings.need_database_url()) as connection:
        clinic = await store.find_clinic(connection, watched.clinics[0].slug)
        booking = await connection.fetchval(
            "insert into public.vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name,"
            " status, hold_expires_at) values ($1, current_date + 7, '10:00', 'Ada', '555-0100', 'Rex', 'pending',"
            " now()) returning id",
            clinic.id,
        )
    yield
    await watched.command("bookings", "release", str(booking), "--yes")


@asynccontextmanager
async def read_only_database(watched: Watched) -> AsyncIterator[None]:
    await _set_read_only(watched, "on")
    yield
    await _set_read_only(watched, "off")


async def _set_read_only(watched: Watched, value: str) -> None:
    """Sets whether new sessions accept writes, and ends all other sessions."""
    async with open_database(watched.settings.need_database_url()) as connection:
        await connection.execute("set default_transaction_read_only = off")
        name = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"alter database {name} set default_transaction_read_only = {value}")
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )


@asynccontextmanager
async def failing_portal(watched: Watched) -> AsyncIterator[None]:
    await watched.sandbox.fault_settings(fail=[{"on": ["calendar"], "mode": "status", "status": 503}])
    # Portal failures of a single clinic pause only that clinic.
    clinics = watched.clinics[:2]
    syncs = [await watched.sync(clinic, 14) for clinic in clinics]
    yield
    await watched.sandbox.fault_settings(fail=None)
    for clinic, sync in zip(clinics, syncs, strict=True):
        await watched.ended(clinic, sync)
    await watched.ended(clinics[0], await watched.sync(clinics[0], 1))


@asynccontextmanager
async def unknown_message(watched: Watched) -> AsyncIterator[None]:
    await send_unknown_message(watched.settings)
    yield
    await watched.command("dlq", "drop", DATE_SCRAPER, "--yes")


async def send_unknown_message(settings: Settings) -> None:
    """Sends a message as a newer version would have done before a rollback to this one."""
    await asyncio.to_thread(_send, settings, "scrape_week")


def _send(settings: Settings, actor: str) -> None:
    broker = build_broker(settings)
    try:
        broker.enqueue(Message(queue_name=DATE_SCRAPER, actor_name=actor, args=(), kwargs={}, options={}))
    finally:
        broker.close()


@asynccontextmanager
async def forgotten_transaction(watched: Watched) -> AsyncIterator[None]:
    clinic = watched.clinics[0]
    await watched.sandbox.fault_settings(clinic.company_id, latency_ms=2000)
    sync = await watched.sync(clinic, 14)
    async with open_database(watched.settings.need_database_url()) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("update clinics set name = name where slug = $1", clinic.slug)
        yield
        await transaction.rollback()
    await watched.sandbox.fault_settings(clinic.company_id, latency_ms=None)
    await watched.ended(clinic, sync)


@asynccontextmanager
async def webhook_into_our_network(watched: Watched) -> AsyncIterator[None]:
    clinic = watched.clinics[0]
    await watched.command("clinic", "webhook", "set", clinic.slug, "https://localhost/hook")
    await watched.ended(clinic, await watched.sync(clinic, 1))
    yield
    await watched.command("clinic", "webhook", "remove", clinic.slug, "--yes")


@asynccontextmanager
async def no_notifier(watched: Watched) -> AsyncIterator[None]:
    clinic = watched.clinics[0]
    await watched.supervisor.end(NOTIFIER)
    await watched.command("clinic", "webhook", "set", clinic.slug, "https://localhost/hook")
    await watched.ended(clinic, await watched.sync(clinic, 1))
    yield
    await watched.start(NOTIFIER)


async def remove_webhook(watched: Watched) -> None:
    await watched.command("clinic", "webhook", "remove", watched.clinics[0].slug, "--yes")


@asynccontextmanager
async def slow_portal(watched: Watched) -> AsyncIterator[None]:
    await watched.sandbox.fault_settings(latency_ms=23_000, page_latency_ms=0)
    clinic = watched.clinics[0]
    await watched.ended(clinic, await watched.sync(clinic, 9))
    yield
    await watched.sandbox.reset_fault_settings()


@asynccontextmanager
async def memory_hog(watched: Watched) -> AsyncIterator[None]:
    argv = (sys.executable, "-m", "ops.monitoring.alert_drill.memory_hog", "600")
    counts = {"PROMETHEUS_MULTIPROC_DIR": str(watched.machine.counts("reconciler"))}
    await watched.supervisor.start(Command(name="memory_hog", argv=argv, environment=counts))
    yield
    await watched.supervisor.end("memory_hog")


@asynccontextmanager
async def many_requests(watched: Watched) -> AsyncIterator[None]:
    clinic = watched.clinics[0]
    await watched.sandbox.fault_settings(latency_ms=20_000)
    syncs = [await watched.sync(clinic, 1) for _ in range(8)]
    yield
    await watched.sandbox.reset_fault_settings()
    for sync in reversed(syncs):
        await watched.ask("cancel", clinic.slug, sync_id=sync)


@asynccontextmanager
async def more_than_a_mailbox(watched: Watched) -> AsyncIterator[None]:
    async with ended(*SCRAPERS)(watched):
        syncs = [(clinic, await watched.sync(clinic, 14)) for clinic in watched.clinics for _ in range(2)]
        yield
    for clinic, sync in syncs:
        await watched.ended(clinic, sync)
