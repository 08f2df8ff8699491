"""Positions in the feeds, and what a feed holds at one of them, while other transactions commit."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from actors.gateway import feeds
from actors.gateway.feeds import FeedCommands
from engine.errors import WrongState
from engine.store.database import Database
from tests.outbox.offering import DAY, NEXT, Offering
from tests.store.harness import Harness, appointment

pytestmark = pytest.mark.anyio


class Asking:
    """Requests of one clinic, as a consumer sends them."""

    def __init__(self, database: Database, slug: str) -> None:
        self.commands = FeedCommands(database)
        self.slug = slug

    async def snapshot(self, **body: Any) -> dict[str, Any]:
        return await self.commands.snapshot(self.slug, json.dumps(body, default=str).encode())

    async def changes(self, end: dict[str, Any], **body: Any) -> dict[str, Any]:
        given = {"feed": end["feed"], "feed_id": end["feed_id"], "after": end["position"]} | body
        return await self.commands.changes(self.slug, json.dumps(given, default=str).encode())

    async def rest(self, page: dict[str, Any]) -> list[dict[str, Any]]:
        """The pages after this one."""
        pages = []
        while page["next"] is not None:
            given = {name: page[name] for name in ("feed", "feed_id", "position")}
            page = await self.snapshot(**given, after=page["next"])
            pages.append(page)
        return pages


async def test_positions_are_in_the_order_of_the_commits_without_a_gap(
    pool: asyncpg.Pool[Any], database: Database
) -> None:
    clinic = await Offering.open(pool)
    await clinic.sync(DAY, NEXT)
    asking = Asking(database, clinic.slug)
    start = await asking.snapshot(feed="offer")
    async with pool.acquire() as slow, slow.transaction():
        first = await clinic.booking("09:30", on=slow)
        await slow.execute("set constraints all immediate")  # takes the ids of its changes, as the commit would
        async with pool.acquire() as lost:
            given_up = lost.transaction()
            await given_up.start()
            await clinic.booking("10:00", day=NEXT, on=lost)
            await lost.execute("set constraints all immediate")
            await given_up.rollback()
        second = await clinic.booking("10:30", day=NEXT)
        seen = (await asking.changes(start))["changes"]
        assert [(change["position"], change["booking_id"]) for change in seen] == [(1, second)]
    both = (await asking.changes(start))["changes"]
    assert [(change["position"], change["booking_id"]) for change in both] == [(1, second), (2, first)]


async def test_every_page_of_a_snapshot_is_of_one_position_while_appointments_change(
    database: Database, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "SNAPSHOT_PAGE", 2)
    asking = Asking(database, harness.clinic.slug)
    kept, moved, gone, back = (appointment(key, start=f"{9 + key:02}:00") for key in range(4))
    await harness.sync(0, {0: [kept, moved, gone, back]})
    await harness.sync(100, {0: [kept, moved, gone]})
    before = await harness.stored()
    first = await asking.snapshot()
    await harness.sync(200, {0: [kept, appointment(1, start="15:00"), back, appointment(9)]})
    pages = [first, *await asking.rest(first)]
    assert {page["position"] for page in pages} == {first["position"]}
    rows = [row for page in pages for row in page["appointments"]]
    assert {row["neo_appointment_id"]: row["start_time"] for row in rows} == {
        key: one.start_time for key, one in before.items()
    }
    assert [len(page["appointments"]) for page in pages] == [2, 1]

    # The snapshot and the changes after it are what is stored now.
    held = {str(row["appointment_id"]): row["start_time"].isoformat() for row in rows}
    for change in (await asking.changes(first))["changes"]:
        held.pop(str(change["appointment_id"]), None)
        if change["after"]:
            held[str(change["appointment_id"])] = change["after"]["start_time"]
    stored = await harness.pool.fetch(
        "select id::text, start_time::text from schedule_appointments where clinic_id = $1 and deleted_at is null",
        harness.clinic.id,
    )
    assert held == {row["id"]: row["start_time"] for row in stored}


async def test_a_snapshot_of_the_offer_is_of_its_position_and_within_notice_and_horizon(
    pool: asyncpg.Pool[Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "SNAPSHOT_PAGE", 3)
    clinic = await Offering.open(pool)
    await clinic.sync(DAY, NEXT)
    asking = Asking(database, clinic.slug)
    offered = await clinic.offer()
    first = await asking.snapshot(feed="offer")
    await clinic.booking("09:30", day=NEXT)
    await clinic.booking("10:00", day=NEXT)
    await clinic.booking("10:00", day=NEXT)
    starts = [start for page in [first, *await asking.rest(first)] for start in page["starts"]]
    assert {datetime.fromisoformat(start["starts_at"]): start["column_count"] for start in starts} == offered
    await pool.execute(
        "insert into idexx_sync.clinic_rules (clinic_id, horizon_days) values ($1, 6)", clinic.clinic_id
    )
    now = await asking.snapshot(feed="offer")
    now_starts = [start for page in [now, *await asking.rest(now)] for start in page["starts"]]
    assert {datetime.fromisoformat(start["starts_at"]): start["column_count"] for start in now_starts} == (
        await clinic.offer()
    )
    assert {start["date"] for start in now_starts} == {DAY}


async def test_a_snapshot_is_required_after_the_numbering_has_changed_and_where_changes_are_gone(
    pool: asyncpg.Pool[Any], database: Database, harness: Harness
) -> None:
    asking = Asking(database, harness.clinic.slug)
    start = await asking.snapshot()
    assert (start["position"], start["appointments"]) == (0, [])
    await harness.sync(0, {0: [appointment(1), appointment(2, start="10:00")]})
    news = await asking.changes(start)
    assert [change["position"] for change in news["changes"]] == [1, 2]
    assert (await asking.changes(start, after=2))["snapshot_required"] is False
    assert (await asking.changes(start, after=3))["snapshot_required"] is True
    await pool.execute("delete from idexx_sync.schedule_appointment_changes where position = 1")
    gone = await asking.changes(start)
    assert (gone["snapshot_required"], gone["changes"]) == (True, [])
    assert [change["position"] for change in (await asking.changes(start, after=1))["changes"]] == [2]
    await pool.execute("update idexx_sync.feeds set feed_id = gen_random_uuid()")
    assert (await asking.changes(start, after=2))["snapshot_required"] is True
    with pytest.raises(WrongState, match="request the first page again"):
        await asking.snapshot(feed_id=start["feed_id"], position=2)
