"""Erasing a person: nothing of it is left in any table, and its neighbours keep everything."""

from __future__ import annotations

from dataclasses import replace

import asyncpg
import pytest

from engine.appointment import Appointment
from engine.snapshot import LeftOutRecord
from engine.store.forgetting import Person, find_person, forget
from tests.store.harness import Harness, appointment, day, on, snapshot

pytestmark = pytest.mark.anyio

WHO = {
    "patient_name": "Quillon",
    "client_name": "Zerelda Vost",
    "client_phone": "+13035550188",
    "client_phone_raw": "(303) 555-0188",
    "notes": "afraid of thunder",
    "client_email": "zerelda@vost.example",
    "neo_client_id": "774411",
    "neo_patient_id": "885522",
}
TRACES = (*WHO.values(), "another name")


def theirs(key: int, n: int = 0, **values: str) -> Appointment:
    return replace(appointment(key, n), **{**WHO, **values})  # type: ignore[arg-type]


async def everything(pool: asyncpg.Pool) -> str:
    """All rows of all tables as one text."""
    tables = await pool.fetch(
        "select table_schema || '.' || quote_ident(table_name) as name from information_schema.tables"
        " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
    )
    rows = [await pool.fetch(f"select t::text as row from {table['name']} t") for table in tables]
    return "\n".join(row["row"] for found in rows for row in found)


async def book(pool: asyncpg.Pool, harness: Harness, client: str, phone: str) -> None:
    """A booking by telephone, with the number as the caller said it."""
    slot = await pool.fetchval(
        "insert into public.schedule_slots (clinic_id, date, start_time, end_time, capacity)"
        " values ($1, $2, '09:00', '09:15', 2) on conflict (clinic_id, date, start_time)"
        " do update set capacity = 2 returning id",
        *(harness.clinic.id, day(5)),
    )
    await pool.execute(
        "insert into public.vapi_bookings"
        " (clinic_id, slot_id, date, start_time, client_name, client_phone, patient_name)"
        " values ($1, $2, $3, '09:00', $4, $5, 'Rex')",
        *(harness.clinic.id, slot, day(5), client, phone),
    )


@pytest.mark.parametrize(
    "person",
    [
        Person(client_ids=["774411"]),
        Person(phones=["+13035550188"]),
        Person(emails=["Zerelda@Vost.example"]),
        Person(names=["zerelda vost"]),
    ],
    ids=["client", "phone", "email", "name"],
)
async def test_no_table_keeps_anything_of_a_person(harness: Harness, pool: asyncpg.Pool, person: Person) -> None:
    other = replace(
        appointment(9), patient_name="Biscuit", client_name="Harriet Tran", client_phone="+13035550111"
    )
    # Added, changed, moved, shown twice for a moment, left out, removed.
    await harness.sync(0, {0: [theirs(1), theirs(2), other], 1: []})
    await harness.sync(100, {0: [theirs(1, notes="another name"), other], 1: [on(theirs(2), 1)]})
    sync = await harness.start_sync(0, 1)
    out = LeftOutRecord("no id", "1", WHO["patient_name"], WHO["client_phone"])
    await harness.scrape(sync, snapshot(1, 200, [on(theirs(2), 1)], [out]))
    await harness.scrape(sync, snapshot(0, 201, [theirs(1), theirs(2), other]))
    await harness.end(sync)
    await harness.sync(300, {0: [other], 1: []})
    await pool.execute(
        "insert into idexx_sync.schedule_evidence (sync_id, date, at, reason, message, address, title, headers, body)"
        " values ($1, $2, now(), 'bad_answer', '', '', '', '{}', 'Xxxxxxx Xxxx')",
        *(sync, other.date),
    )
    await book(pool, harness, "Zerelda Vost", "303-555-0188")
    await book(pool, harness, "Harriet Tran", "303-555-0111")
    before = await everything(pool)
    assert all(trace in before for trace in TRACES)
    async with pool.acquire() as connection, connection.transaction():
        found = await find_person(connection, harness.clinic, person)
        assert {one.neo_appointment_id for one in found} == {"1", "2"}
        assert not any(one.is_live for one in found)
        done = await forget(connection, harness.clinic, person, found)
    after = await everything(pool)
    assert [trace for trace in (*TRACES, "Xxxxxxx") if trace in after] == []
    assert (done["appointments"], done["bookings"]) == (2, 1)
    assert min(done["changes"], done["snapshots"], done["evidence"]) > 0
    # The neighbour, and what happened when, stay.
    assert after.count("Harriet Tran") == before.count("Harriet Tran")
    assert (await harness.stored())["9"] == other
    assert await harness.kinds(1) == ["added", "updated", "updated", "removed"]


async def test_a_person_whom_the_portal_still_shows_is_live(harness: Harness, pool: asyncpg.Pool) -> None:
    await harness.sync(0, {0: [theirs(1)]})
    async with pool.acquire() as connection:
        [found] = await find_person(connection, harness.clinic, Person(client_ids=["774411"]))
        assert found.is_live
        assert await find_person(connection, harness.clinic, Person(client_ids=["77441"])) == []
