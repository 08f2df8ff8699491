"""The offer agrees with a naive count, and its explanation with both."""

from __future__ import annotations

import json
import os
import zoneinfo
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from engine.offer.rule import Rule
from engine.store.database import Connection
from tests.offer.loading import load
from tests.offer.naive import Asked, Clinic, offered
from tests.offer.worlds import change_days, worlds

pytestmark = pytest.mark.anyio

#: Number of clinics, of three days each: OFFER_CLINICS=1000 counts 3000 days in some minutes.
CLINICS = int(os.environ.get("OFFER_CLINICS", "40"))
SEED = int(os.environ.get("OFFER_SEED", "17"))
DAYS = 3

OFFER = """
select a.n, b.starts_at, b.ends_at, b.columns, b.column_count
from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::int[], $6::text[], $7::text[],
    $8::timestamptz[]) with ordinality a (clinic, first, last, type, minutes, col, provider, now, n)
cross join lateral idexx_sync.bookable_starts(a.clinic, a.first, a.last, a.type, a.minutes, a.col, a.provider, a.now) b
"""


EXPLAINED = """
select idexx_sync.explain_start(a.clinic, a.start, a.type, a.minutes, a.col, a.provider, a.now) as said
from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[], $5::text[], $6::text[], $7::timestamptz[])
    with ordinality a (clinic, start, type, minutes, col, provider, now, n)
order by a.n
"""

CLOCKS = """
select at at time zone idexx_sync.unabbreviated_zone(zone) as clock
from unnest($1::text[], $2::timestamptz[]) with ordinality z (zone, at, n) order by n
"""

Offer = dict[datetime, tuple[str, ...]]
Asks = list[tuple[Clinic, Asked]]


async def test_the_offer_is_what_a_naive_count_finds(pool: asyncpg.Pool[Any]) -> None:
    rng = Random(SEED)
    async with pool.acquire() as connection:
        known = {row["name"] for row in await connection.fetch("select name from pg_timezone_names")}
        zones = sorted(known & zoneinfo.available_timezones())
        zones = await agreed(connection, rng.sample(zones, min(len(zones), CLINICS)))
        asked = list(worlds(rng, CLINICS, zones, DAYS))
        await load(connection, [clinic for clinic, _ in asked])
        rows = await connection.fetch(
            OFFER, *zip(*[arguments(clinic, query) for clinic, query in asked], strict=True)
        )
        found: list[Offer] = [{} for _ in asked]
        for row in rows:
            assert row["column_count"] == len(row["columns"]) > 0
            found[row["n"] - 1][row["starts_at"]] = tuple(row["columns"])
        expected = [offered(clinic, *span(clinic), query) for clinic, query in asked]
        for (clinic, query), result, counted in zip(asked, found, expected, strict=True):
            assert result == counted, difference(clinic, query, result, counted)
        assert sum(map(bool, expected)) > CLINICS / 5
        await check_explained(connection, rng, asked, expected)


async def agreed(connection: Connection, zones: list[str]) -> list[str]:
    """The zones whose clocks Python and PostgreSQL change at the same time: their data may be of two releases."""
    hours = [
        (zone, datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=n))
        for zone in zones for day in change_days(zone) for n in range(-12, 36)
    ]  # fmt: skip
    rows = await connection.fetch(CLOCKS, *zip(*hours, strict=True))
    differ = {
        zone
        for (zone, at), row in zip(hours, rows, strict=True)
        if at.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None) != row["clock"]
    }
    return [zone for zone in zones if zone not in differ]


async def check_explained(connection: Connection, rng: Random, asked: Asks, expected: list[Offer]) -> None:
    """Explains some starts of each clinic, offered and not: as free as they are offered."""
    starts = [
        (n, start)
        for n, ((clinic, _), counted) in enumerate(zip(asked, expected, strict=True))
        for start in [*some_offered(rng, clinic, sorted(counted)), *some_minutes(rng, clinic)]
    ]
    arguments = [
        (clinic.id, start, query.type, query.minutes, query.column, query.provider, clinic.now)
        for n, start in starts for clinic, query in [asked[n]]
    ]  # fmt: skip
    rows = await connection.fetch(EXPLAINED, *zip(*arguments, strict=True))
    for (n, start), row in zip(starts, rows, strict=True):
        said = json.loads(row["said"])
        columns = expected[n].get(start, ())
        assert said["free"] == bool(columns), (start, said, asked[n])
        denied = [reason["rule"] for reason in said["reasons"] if not reason["allows"]]
        assert bool(denied) != said["free"], (start, said, asked[n])
        assert {reason["rule"] for reason in said["reasons"]} <= set(Rule)
        if columns:
            assert {column["id"] for column in said["columns"] if column["free"]} == set(columns)
            assert said["column_count"] == len(columns) == said_free(said["reasons"]), (start, said, asked[n])


def some_offered(rng: Random, clinic: Clinic, starts: list[datetime]) -> list[datetime]:
    """Some starts that are offered: two of them all, and two at which a visit without a column takes one."""
    visits = [visit for visit in clinic.visits if visit.room is None]
    zone = zoneinfo.ZoneInfo(clinic.zone)
    beside = [
        start for start in starts
        if any(one.start <= start.astimezone(zone).replace(tzinfo=None) < one.end for one in visits)
    ]  # fmt: skip
    return [start for among in (starts, beside) for start in rng.sample(among, min(len(among), 2))]


def said_free(reasons: list[dict[str, Any]]) -> int:
    """How many columns the words of the last rule that counts them leave."""
    words = {reason["rule"]: reason["value"] for reason in reasons}
    booking, portal = words.get(Rule.BOOKING), words[Rule.COLUMN_TAKEN]
    return int(booking.rpartition("; ")[2].split()[0] if booking else portal.split()[0])


def some_minutes(rng: Random, clinic: Clinic) -> list[datetime]:
    first, end = span(clinic)
    return [
        first + timedelta(minutes=5 * rng.randrange(int((end - first) / timedelta(minutes=5)))) for _ in range(8)
    ]


def span(clinic: Clinic) -> tuple[datetime, datetime]:
    first = min(clinic.reads, default=clinic.now.date())
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return begin, begin + timedelta(days=DAYS + 3)


def arguments(clinic: Clinic, asked: Asked) -> tuple[Any, ...]:
    return (clinic.id, *span(clinic), asked.type, asked.minutes, asked.column, asked.provider, clinic.now)


def difference(clinic: Clinic, asked: Asked, found: Any, expected: Any) -> str:
    wrong = {
        s: (found.get(s), expected.get(s))
        for s in sorted(found.keys() | expected.keys())
        if found.get(s) != expected.get(s)
    }
    shown = [
        f"{s} {s.astimezone(zoneinfo.ZoneInfo(clinic.zone))} found {a}, counted {b}"
        for s, (a, b) in list(wrong.items())[:5]
    ]
    return "\n".join([*shown, str(asked), str(clinic)])
