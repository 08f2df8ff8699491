"""The offer as engine.store.offer reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from engine.errors import BadRequest, UnknownClinic
from engine.offer.rule import Rule
from engine.offer.start import StartQuery, Taker
from engine.store.offer import bookable_starts, day_of, explain_start
from tests.offer.loading import load
from tests.offer.naive import Call, Clinic, Read, Visit, clock

pytestmark = pytest.mark.anyio

DAY = date(2026, 12, 8)
NOW = datetime(2026, 12, 8, 12, tzinfo=UTC)


async def test_the_store_reads_starts_explanations_and_a_day_with_names(pool: asyncpg.Pool[Any]) -> None:
    visit = Visit(clock(DAY, "09:00"), clock(DAY, "10:00"), "a")
    call = Call(clock(DAY, "09:15"), "pending", NOW + timedelta(minutes=5))
    clinic = Clinic(
        NOW, chosen=("a", "b"), hours=[(2, 540, 600)], visits=[visit], calls=[call], reads={DAY: Read(NOW)}
    )
    async with pool.acquire() as connection:
        await load(connection, [clinic])
        await connection.execute("update public.schedule_appointments set patient_name = 'Rex', notes = 'ear'")
        day = await day_of(connection, clinic.id, DAY, NOW)
        begin = datetime(2026, 12, 8, 6, tzinfo=UTC)
        starts = await bookable_starts(connection, clinic.id, begin, begin + timedelta(days=1), now=NOW)
        assert [(f"{one.start_time:%H:%M}", one.columns, one.column_count) for one in starts] == [
            ("09:00", ("b",), 1), ("09:30", ("b",), 1), ("09:45", ("b",), 1),
        ]  # fmt: skip
        said = await explain_start(connection, clinic.id, starts[0].starts_at + timedelta(minutes=15), now=NOW)
        assert await bookable_starts(connection, uuid4(), begin, begin + timedelta(days=1)) == []
        with pytest.raises(UnknownClinic):
            await explain_start(connection, uuid4(), begin)
    assert (said.free, said.column_count, [one.rule for one in said.against]) == (False, 0, [Rule.BOOKING])
    assert said.against[0].source == {"kind": "booking", "ids": [str(call.id)]}
    assert [(c.id, c.free, [t.kind for t in c.taken_by]) for c in said.columns] == [
        ("a", False, [Taker.APPOINTMENT]),
        ("b", False, [Taker.HOLD]),
    ]
    assert (day.doubt, day.starts, [c.counts for c in day.columns]) == (None, tuple(starts), [True, True, False])
    assert [(e.kind, e.column, e.patient, e.notes) for e in day.entries] == [
        (Taker.APPOINTMENT, "a", "Rex", "ear"), (Taker.HOLD, None, "P", None),
    ]  # fmt: skip
    assert "Rex" not in repr(day)


def test_a_length_out_of_range_is_refused() -> None:
    with pytest.raises(BadRequest, match="minutes: 0 is out of range"):
        StartQuery(minutes=0)
