"""What a clinic offers, as a client of NATS follows it, through syncs, a rule and bookings of another program."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from typing import Any

import asyncpg
import pytest
from nats.aio.msg import Msg

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import TODAY, first_days
from tests.conftest import until
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

#: Of more days than the syncs read.
OFFER = """
select starts_at, column_count
from idexx_sync.bookable_starts($1, $2::timestamptz, $2::timestamptz + interval '6 days')
"""
BOOK = """
insert into public.vapi_bookings (clinic_id, date, start_time, client_name, client_phone, patient_name, status)
select $1, date, start_time, 'Maria Lopez', '+13125550101', 'Biscuit', 'confirmed'
from idexx_sync.bookable_starts($1, $2::timestamptz, $2::timestamptz + interval '6 days')
limit 1 returning id
"""


class Follower:
    """A client that listens to the events while nothing is offered yet, and asks nothing."""

    def __init__(self, prefix: str, clinic: str) -> None:
        self.subject = f"{prefix}.evt.offer.{clinic}."
        self.offered: dict[datetime, int] = {}
        self.causes: set[tuple[str, str]] = set()

    async def hear(self, message: Msg) -> None:
        event = json.loads(message.data)
        assert message.subject == self.subject + event["kind"]
        start = datetime.fromisoformat(event["starts_at"])
        assert event["column_count_before"] == self.offered.pop(start, 0)
        if event["column_count"]:
            self.offered[start] = event["column_count"]
        self.causes.add((event["cause"], event["sync_id"] or event["booking_id"] or event["rule"]))


async def test_a_client_that_follows_the_events_knows_the_offer(
    system: System, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker, pool: asyncpg.Pool[Any]
) -> None:
    system.everything()
    clinic = clinics[0]
    clinic_id = await pool.fetchval("select id from public.clinics where slug = $1", clinic.slug)
    first = datetime.combine(TODAY, time(), UTC)
    follower = Follower(asker.prefix, clinic.slug)
    await asker.client.subscribe(follower.subject + "*", cb=follower.hear)

    async def sync() -> str:
        accepted = await asker.ask("sync", clinic.slug, first_days(4))
        ending = (await asker.events(clinic.slug, accepted["sync_id"]))[-1]
        assert ending["event"] == "completed", ending
        return str(accepted["sync_id"])

    async def knows_the_offer() -> bool:
        now = {row["starts_at"]: row["column_count"] for row in await pool.fetch(OFFER, clinic_id, first)}
        return now != {} and follower.offered == now

    await sync()
    await pool.execute(
        "update public.clinics c set resources = array(select r ->> 'id' from idexx_sync.clinic_portal_config p,"
        " jsonb_array_elements(p.rooms) r where p.clinic_id = c.id) where id = $1",
        clinic_id,
    )
    booking = await pool.fetchval(BOOK, clinic_id, first)
    await until(knows_the_offer)
    await sandbox.change(clinic.company_id, add=8, cancel=4, seed=5)
    sync_id = await sync()
    await until(knows_the_offer)
    assert follower.causes == {("rule", "columns"), ("booking", str(booking)), ("sync", sync_id)}
