"""What clinics complained of, and today's wrong cases: each with the right answer, and what the explanation says."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from engine.offer.rule import Rule
from tests.offer.loading import load
from tests.offer.naive import NOTHING_ASKED, Asked, Call, Clinic, Read, TypeRule, Visit, clock

pytestmark = pytest.mark.anyio

TUESDAY = date(2026, 12, 8)
SATURDAY = date(2026, 12, 12)
NOW = datetime(2026, 12, 7, 18, tzinfo=UTC)
LUNCH = (None, 12 * 60, 14 * 60)


def clinic(opens: str = "9-11", **values: Any) -> Clinic:
    """Three columns that count, every day open from 9 to 11, starts every half hour, read a moment ago."""
    first, last = (int(hour) * 60 for hour in opens.split("-"))
    reads = {TUESDAY + timedelta(days=n): Read(NOW) for n in range(-1, 6)}
    usual = {"grid": 30, "hours": [(on, first, last) for on in range(7)], "reads": reads}
    return Clinic(**{"now": NOW, **usual, **values})


def visit(start: str, end: str, room: str | None = "a", kind: str | None = "Exam", **values: Any) -> Visit:
    return Visit(clock(TUESDAY, start), clock(TUESDAY, end), room, kind, **values)


@dataclass(frozen=True)
class Case:
    """`offered`: each start, with its number of columns. `why`: a time that is not offered, and one rule against it."""

    says: str
    clinic: Clinic
    offered: str
    why: tuple[str, Rule] | None = None
    asked: Asked = NOTHING_ASKED
    day: date = TUESDAY


#: The days on which clocks skip an hour, and on which one comes twice.
SKIPPED, TWICE = date(2027, 3, 14), date(2027, 11, 7)
AT_SKIPPED, AT_TWICE = datetime(2027, 3, 14, tzinfo=UTC), datetime(2027, 11, 7, tzinfo=UTC)

BLOCK = "block"
R = Rule
CASES = [
    # The portal's business hours are not the hours in which a caller may book.
    Case("not before 9", clinic("8-10", windows=[(2, 540, 1440)]), "09:00x3 09:30x3", ("08:30", R.BOOKABLE_WINDOWS)),
    Case("not after 17:30", clinic("16-18", windows=[(2, 0, 1050)]), "16:00x3 16:30x3 17:00x3",
         ("17:30", R.BOOKABLE_WINDOWS)),
    Case("two windows only", clinic("8-18", windows=[(2, 540, 630), (2, 840, 900)]),
         "09:00x3 09:30x3 10:00x3 14:00x3 14:30x3", ("10:30", R.BOOKABLE_WINDOWS)),
    Case("another window on Saturday", clinic("8-18", windows=[(2, 540, 570), (6, 600, 660)]), "10:00x3 10:30x3",
         ("09:00", R.BOOKABLE_WINDOWS), day=SATURDAY),
    Case("windows on Tuesday only", clinic(windows=[(2, 540, 660)]), "", ("09:00", R.BOOKABLE_WINDOWS), day=SATURDAY),
    Case("lunch from 12 to 14", clinic("11-15", blocks=[LUNCH]), "11:00x3 11:30x3 14:00x3 14:30x3",
         ("13:30", R.RECURRING_BLOCK)),
    Case("an hour's visit does not reach into lunch", clinic("11-15", blocks=[LUNCH], length=60), "11:00x3 14:00x3",
         ("11:30", R.RECURRING_BLOCK)),
    Case("Saturday is closed", clinic(hours=[(on, 540, 660) for on in range(1, 6)]), "", ("09:00", R.OPENING_HOURS),
         day=SATURDAY),
    Case("Saturday has other hours",
         clinic(hours=[(2, 540, 660), (6, 600, 630)]), "10:00x3", ("09:00", R.OPENING_HOURS),
         day=SATURDAY),
    Case("a closed day", clinic(closed=[TUESDAY]), "", ("09:00", R.CLOSED_DAY)),
    # A grid of the clinic's choice; as long as the type says.
    Case("every 15 minutes by default",
         clinic("9-10", grid=None), "09:00x3 09:15x3 09:30x3 09:45x3", ("09:10", R.GRID)),
    Case("every half hour, in a calendar of 15 minutes",
         clinic("9-10", length=15), "09:00x3 09:30x3", ("09:15", R.GRID)),
    Case("a surgery lasts an hour", clinic(visits=[visit("10:00", "10:30")], types={"Surgery": TypeRule(60)}),
         "09:00x3 09:30x2 10:00x2", ("10:30", R.OPENING_HOURS), Asked("surgery")),
    Case("the portal's length of a type", clinic(portal_types={"Dental": 4}), "09:00x3 09:30x3 10:00x3",
         ("10:30", R.OPENING_HOURS), Asked("Dental")),
    Case("a type that is not known", clinic(portal_types={"Exam": 2}), "", ("09:00", R.UNKNOWN_TYPE), Asked("Exma")),
    # Only some columns count.
    Case("a column that does not count takes and offers nothing",
         clinic(chosen=("a",), visits=[visit("9:00", "11:00", "b"), visit("10:00", "10:30")]),
         "09:00x1 09:30x1 10:30x1",
         ("10:00", R.COLUMN_TAKEN)),
    Case("a column that does not count is not given", clinic(chosen=("a",)), "", ("09:00", R.COLUMN_DOES_NOT_COUNT),
         Asked(column="b")),
    Case("a type that never counts", clinic("9-10", visits=[visit("9:00", "10:00", kind="Tech appointment")],
         types={"tech appointment": TypeRule(counts=False)}), "09:00x3 09:30x3"),
    Case("a type with a column of its own", clinic("9-10", visits=[visit("9:00", "9:30", "c")],
         types={"Surgery": TypeRule(columns=("c",))}), "09:30x1", ("09:00", R.COLUMN_TAKEN), Asked("Surgery")),
    Case("nothing is chosen", clinic(chosen=None), "", ("09:00", R.COLUMNS_NOT_CHOSEN)),
    # Blocks, and columns that are taken twice.
    Case("a block of the clinic closes all three columns", clinic(visits=[visit("9:00", "10:00", None, BLOCK)]),
         "10:00x3 10:30x3", ("09:30", R.CLINIC_BLOCK)),
    Case("a block of one column closes that one", clinic(visits=[visit("9:00", "10:00", "b", BLOCK)]),
         "09:00x2 09:30x2 10:00x3 10:30x3"),
    Case("a column that is blocked and taken twice is one",
         clinic(visits=[visit("9:00", "11:00", "a", BLOCK), visit("9:00", "10:00"), visit("9:00", "9:30")]),
         "09:00x2 09:30x2 10:00x2 10:30x2"),
    Case("a visit without a column takes any one",
         clinic("9-10", visits=[visit("9:00", "9:30", None)]), "09:00x2 09:30x3"),
    Case("a night before",
         clinic(visits=[Visit(clock(TUESDAY, "-1:00"), clock(TUESDAY, "9:30"))]), "09:00x2 09:30x3 10:00x3 10:30x3"),
    Case("a week's block that began before",
         clinic("9-10", visits=[Visit(clock(TUESDAY, "-72:00"), clock(TUESDAY, "96:00"), "a", BLOCK)]),
         "09:00x2 09:30x2"),
    Case("cancelled", clinic("9-10", visits=[visit("9:00", "9:30", status="cancelled")]), "09:00x3 09:30x3"),
    Case("a doctor who is busy", clinic("9-10", visits=[visit("9:00", "9:30", provider="Dr. One")]), "09:30x3",
         ("09:00", R.PROVIDER_BUSY), Asked(provider="Dr. One")),
    # Bookings by telephone.
    Case("a caller holds a place",
         clinic("9-10", calls=[Call(clock(TUESDAY, "9:00"), "pending", NOW + timedelta(minutes=5))]),
         "09:00x2 09:30x3"),
    Case("an expired hold waits for a person", clinic("9-10", calls=[Call(clock(TUESDAY, "9:00"), "pending", NOW)]),
         "09:00x2 09:30x3"),
    Case("a confirmed booking that the portal has not shown",
         clinic("9-10", chosen=("a",), calls=[Call(clock(TUESDAY, "9:00"))]),
         "09:30x1", ("09:00", R.BOOKING)),
    Case("a booking that the portal has shown", clinic("9-10", visits=[visit("9:00", "9:30")],
         calls=[Call(clock(TUESDAY, "9:00"), is_seen=True)]), "09:00x2 09:30x3"),
    # The past, the notice, the horizon.
    Case("the past",
         clinic(now=datetime(2026, 12, 8, 16, tzinfo=UTC), max_age=86400), "10:00x3 10:30x3", ("09:30", R.PAST)),
    Case("a notice", clinic(now=datetime(2026, 12, 8, 15, tzinfo=UTC), max_age=86400, notice=90), "10:30x3",
         ("10:00", R.NOTICE)),
    Case("a horizon of today and tomorrow", clinic("9-10", horizon=2), "09:00x3 09:30x3"),
    Case("a horizon of today", clinic(horizon=1), "", ("09:00", R.HORIZON)),
    # What is stale is not offered.
    Case("read two hours ago", clinic(reads={TUESDAY: Read(NOW - timedelta(hours=2))}), "", ("09:00", R.STALE)),
    Case("read two hours ago, which is enough here",
         clinic("9-10", max_age=7200, reads={TUESDAY: Read(NOW - timedelta(hours=2))}), "09:00x3 09:30x3"),
    Case("never read", clinic(reads={SATURDAY: Read(NOW)}), "", ("09:00", R.STALE)),
    Case("failed since",
         clinic(reads={TUESDAY: Read(NOW, failed_at=NOW + timedelta(seconds=1))}), "", ("09:00", R.STALE)),
    Case("open and empty", clinic(reads={TUESDAY: Read(NOW, warning="open_days_empty")}), "", ("09:00", R.STALE)),
    Case("an unknown field forbids nothing",
         clinic("9-10", reads={TUESDAY: Read(NOW, warning="unknown_fields")}), "09:00x3 09:30x3"),
    # Clocks change: 02:30 does not exist, 01:30 exists twice and is offered once.
    Case("the hour that is skipped",
         clinic("1-4", now=AT_SKIPPED, reads={SKIPPED: Read(
         AT_SKIPPED)}), "01:00x3 01:30x3 03:00x3 03:30x3", day=SKIPPED),
    Case("the hour that comes twice",
         clinic("1-3", now=AT_TWICE, reads={TWICE: Read(
         AT_TWICE)}, visits=[Visit(clock(TWICE, "1:00"), clock(TWICE, "1:30"))]),
         "01:00x2 01:30x3 02:00x3 02:30x3", day=TWICE),
]  # fmt: skip

OFFERED = """
select c.n, string_agg(to_char(b.start_time, 'HH24:MI') || 'x' || b.column_count, ' ' order by b.starts_at) as shown
from unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[])
    with ordinality c (id, day, type, col, provider, now, zone, n)
left join lateral idexx_sync.bookable_starts(
    c.id, c.day::timestamp at time zone c.zone, (c.day + 1)::timestamp at time zone c.zone, c.type, null, c.col,
    c.provider, c.now) b on true
group by c.n order by c.n
"""
EXPLAINED = "select idexx_sync.explain_start($1, $2, $3, null, $4, $5, $6)"


async def test_each_complaint_has_the_right_answer_and_its_reason(pool: asyncpg.Pool[Any]) -> None:
    async with pool.acquire() as connection:
        await load(connection, [case.clinic for case in CASES])
        rows = await connection.fetch(OFFERED, *zip(*map(arguments, CASES), strict=True))
        assert {case.says: row["shown"] or "" for case, row in zip(CASES, rows, strict=True)} == {
            case.says: case.offered for case in CASES
        }
        reasons = {}
        for case in CASES:
            if case.why:
                at = clock(case.day, case.why[0]).replace(tzinfo=ZoneInfo(case.clinic.zone))
                asked = (case.asked.type, case.asked.column, case.asked.provider, case.clinic.now)
                said = json.loads(await connection.fetchval(EXPLAINED, case.clinic.id, at, *asked))
                assert not said["free"]
                reasons[case.says] = {one["rule"] for one in said["reasons"] if not one["allows"]}
    expected = {case.says: case.why[1] for case in CASES if case.why}
    assert {says: rule for says, rule in expected.items() if rule not in reasons[says]} == {}


def arguments(case: Case) -> tuple[Any, ...]:
    one = case.clinic
    return one.id, case.day, case.asked.type, case.asked.column, case.asked.provider, one.now, one.zone


async def test_a_clinic_of_the_predecessor_offers_its_old_capacity_until_columns_are_chosen(
    pool: asyncpg.Pool[Any],
) -> None:
    """As many places as were counted before, whatever the number of columns; a new clinic beside it offers nothing."""
    old = clinic("9-10", chosen=None, visits=[visit("9:00", "9:30", "c")])
    unread = replace(clinic("9-10", chosen=None, rooms=None, visits=[visit("9:00", "9:30", "x")]))
    fresh = clinic("9-10", chosen=None)
    async with pool.acquire() as connection:
        await load(connection, [old, unread, fresh])
        await connection.execute(
            "insert into idexx_sync.predecessor_objects (kind, name, definition) values ('columns', 'clinics', 'id')"
        )
        await connection.executemany(
            "insert into public.clinic_schedule_config (clinic_id, default_capacity) values ($1, 2)",
            [(old.id,), (unread.id,)],
        )
        cases = [Case("", one, "") for one in (old, unread, fresh)]
        rows = await connection.fetch(OFFERED, *zip(*map(arguments, cases), strict=True))
        assert [row["shown"] for row in rows] == ["09:00x1 09:30x2", "09:00x1 09:30x2", None]
        at = clock(TUESDAY, "9:30").replace(tzinfo=ZoneInfo(old.zone))
        said = json.loads(await connection.fetchval(EXPLAINED, old.id, at, None, None, None, NOW))
        reason = said["reasons"][0]
        assert (reason["rule"], reason["allows"]) == (Rule.COLUMNS_NOT_CHOSEN, True)
        assert reason["value"] == "not chosen; at most 2 places, as the predecessor counted"
        assert reason["change"].startswith("idexx-sync clinic rules set c-")
