"""What `explain_start` says in words: each count, remedy and origin is true."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from engine.dates import DateRange
from engine.offer.rule import Rule
from engine.offer.start import ANY_START
from engine.store.offer.asking import offered_days
from tests.offer.loading import load
from tests.offer.naive import Clinic, Read, Visit, clock

pytestmark = pytest.mark.anyio

TUESDAY, SATURDAY = date(2026, 12, 8), date(2026, 12, 12)
NOW = datetime(2026, 12, 7, 18, tzinfo=UTC)
SET = "insert into idexx_sync.rule_origins (clinic_id, rule, set_by) values ($1, 'bookable_windows/2', 'root')"


async def said(
    connection: Any, clinic: Clinic, day: date, time: str, minutes: int | None = None, column: str | None = None
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The explanation, and its reasons by rule."""
    at = clock(day, time).replace(tzinfo=ZoneInfo(clinic.zone))
    arguments = (clinic.id, at, minutes, column, clinic.now)
    text = await connection.fetchval("select idexx_sync.explain_start($1, $2, null, $3, $4, null, $5)", *arguments)
    found = json.loads(text)
    return found, {one["rule"]: one for one in found["reasons"]}


async def test_an_explanation_says_what_is_true_and_what_would_help(pool: asyncpg.Pool[Any]) -> None:
    reads = {TUESDAY: Read(NOW), SATURDAY: Read(NOW)}
    visits = [Visit(clock(TUESDAY, "9:00"), clock(TUESDAY, "10:00"), room) for room in (None, "a")]
    open_on_tuesday = [(2, 540, 840)]
    one = Clinic(
        NOW, hours=open_on_tuesday, windows=open_on_tuesday, blocks=[(None, 720, 840)], visits=visits, reads=reads
    )
    unread = Clinic(NOW)
    async with pool.acquire() as connection:
        await load(connection, [one, unread])
        await connection.execute(SET, one.id)
        await connection.execute("update idexx_sync.recurring_blocks set reason = 'lunch'")

        found, reasons = await said(connection, one, TUESDAY, "9:00", minutes=45)
        assert found["column_count"] == 1
        assert reasons["column_taken"]["value"] == (
            "1 of 3 columns free in the portal; 1 appointment without a column takes one"
        )
        takers = {
            (column["id"], taken["in_column"]) for column in found["columns"] for taken in column["taken_by"]
        }
        assert len(takers) == 2
        assert ("a", True) in takers
        assert (reasons["length"]["value"], reasons["length"]["source"]) == (
            "45 minutes, as asked", {"kind": "request"}
        )  # fmt: skip
        _, reasons = await said(connection, one, TUESDAY, "9:00", column="b")
        assert reasons["column_taken"]["source"]["ids"] == [str(visits[0].id)]
        _, reasons = await said(connection, one, TUESDAY, "9:00", column="nope")
        assert [rule for rule, reason in reasons.items() if not reason["allows"]] == ["column_does_not_count"]
        _, reasons = await said(connection, one, TUESDAY, "10:37")
        assert reasons["grid"]["change"] == "ask for 10:30 or 10:45"

        _, reasons = await said(connection, one, TUESDAY, "12:00")
        assert reasons["recurring_block"]["value"] == "12:00-14:00 lunch"
        assert str(reasons["recurring_block"]["change"]).endswith("--unset blocked.12:00-14:00")
        _, reasons = await said(connection, one, SATURDAY, "10:00")
        assert reasons["bookable_windows"]["source"]["rule"] == "bookable_windows/2"
        assert reasons["bookable_windows"]["source"]["set_at"]
        [day] = await offered_days(connection, one.id, DateRange(SATURDAY, SATURDAY), ANY_START, [], NOW)
        assert day.forbidden_by == (Rule.OPENING_HOURS, Rule.BOOKABLE_WINDOWS), "and not lunch"

        _, reasons = await said(connection, one, TUESDAY - timedelta(days=30), "10:00")
        assert "notice" not in reasons
        assert not reasons["past"]["allows"]
        assert reasons["stale"]["change"] is None
        _, reasons = await said(connection, unread, TUESDAY, "9:00")
        slug = await connection.fetchval("select slug from public.clinics where id = $1", unread.id)
        assert reasons["opening_hours"]["change"] == f"idexx-sync sync {slug}"
        assert reasons["stale"]["change"] == f"idexx-sync sync {slug} --start {TUESDAY} --end {TUESDAY}"
        assert reasons["column_taken"]["value"] == "3 columns; what takes them was never read"
