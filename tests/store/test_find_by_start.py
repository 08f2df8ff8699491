"""A sync is found by the start of its id."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from engine.clinic import Clinic
from engine.errors import BadRequest, UnknownSync
from engine.store.clinics import add_clinic
from engine.store.syncs.reading import find_by_start
from engine.sync_reference import id_range
from ops.cli.runs.sync_id import find_sync

IDS = ["beef1000-0000-4000-8000-000000000001", "beef2000-0000-4000-8000-000000000002"]


@pytest.mark.parametrize("text", ["", "bee", "beeg", "be-ef", "beef1000-0000-4000-8000-0000000000011", "--------"])
def test_what_no_id_begins_with_is_not_the_start_of_one(text: str) -> None:
    assert id_range(text) is None


def test_the_start_of_an_id_may_be_typed_as_it_is_shown_or_without_hyphens() -> None:
    assert id_range(IDS[0]) == (UUID(IDS[0]), UUID(IDS[0]))
    assert id_range("BEEF1000-00") == id_range("beef100000")


@pytest.mark.anyio
async def test_a_start_must_be_that_of_one_sync_and_a_slug_comes_before_it(
    pool: asyncpg.Pool, clinic: Clinic
) -> None:
    insert = (
        "insert into schedule_syncs (id, clinic_id, sync_start_date, sync_end_date, status, created_at)"
        " values ($1::uuid, $2, '2030-01-01', '2030-01-01', 'completed', now() + make_interval(secs => $3))"
    )
    async with pool.acquire() as connection:
        for number, one in enumerate(IDS):
            await connection.execute(insert, one, clinic.id, number)
        assert str((await find_by_start(connection, "beef1", clinic.id)).id) == IDS[0]
        assert [str((await find_sync(connection, text))[1].id) for text in ("beef2", clinic.slug)] == [IDS[1]] * 2
        with pytest.raises(BadRequest, match="more characters"):
            await find_sync(connection, "beef")
        with pytest.raises(UnknownSync, match="no sync has this id"):
            await find_sync(connection, IDS[0].replace("1", "3"))
        for text in ("dead", "bee", "nothing at all"):
            with pytest.raises(
                UnknownSync, match="is not a sync: give its id, the first 4 or more characters of it"
            ):
                await find_sync(connection, text)
        other = await add_clinic(connection, "beef", "Beef Farm", "America/Chicago")
        with pytest.raises(UnknownSync, match="has no sync yet"):
            await find_sync(connection, "beef")
        with pytest.raises(UnknownSync):
            await find_by_start(connection, "beef1", other.id)
