"""Clinics at random: every rule, every zone, with a preference for days on which clocks change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from tests.offer.naive import Asked, Call, Clinic, Read, TypeRule, Visit

T = TypeVar("T")

ROOMS = ("a", "b", "c", "d")
TYPES = ("Exam", "Surgery", "Tech appointment")
PROVIDERS = ("Dr. One", "Dr. Two")
WARNINGS = ("open_days_empty", "records_left_out", "calendar_contradicted")


def worlds(rng: Random, count: int, zones: Sequence[str], days: int = 3) -> Iterator[tuple[Clinic, Asked]]:
    """Clinics of some days each, with what is asked of each."""
    for _ in range(count):
        yield a_clinic(rng, rng.choice(zones), days), an_asked(rng)


def an_asked(rng: Random) -> Asked:
    return Asked(
        type=maybe(rng, rng.choice(TYPES), 0.5),
        minutes=maybe(rng, rng.choice([5, 15, 20, 45, 90, 600]), 0.3),
        column=maybe(rng, rng.choice(ROOMS), 0.2),
        provider=maybe(rng, rng.choice(PROVIDERS), 0.2),
    )


def a_clinic(rng: Random, zone: str, days: int) -> Clinic:
    first = rng.choice(change_days(zone) or ALL_DAYS) if rng.random() < 0.5 else rng.choice(ALL_DAYS)
    first -= timedelta(days=rng.randint(0, days - 1))
    dates = [first + timedelta(days=n) for n in range(days)]
    tz = ZoneInfo(zone)
    now = datetime.combine(first, time(rng.randint(0, 23), rng.choice([0, 7, 30])), tz).astimezone(UTC)
    if rng.random() < 0.5:
        now -= timedelta(days=1)
    rooms = ROOMS[: rng.randint(1, 4)]
    slot = rng.choice([10, 15, 15, 20, 30])
    is_all_day = rng.random() < 0.3
    clinic = Clinic(
        now=now, zone=zone, rooms=maybe(rng, rooms, 0.9), slot_minutes=slot,
        chosen=maybe(rng, tuple(rng.sample(ROOMS, rng.randint(1, 4))), 0.95),
        hours=[(on, 0, 1440) for on in range(7)] if is_all_day else stretches(rng, 1700, 0.9),
        windows=stretches(rng, 1440, 0.6) if rng.random() < 0.2 else [],
        blocks=[
            (maybe(rng, rng.randint(0, 6), 0.5), *stretch(rng, 1440, 30)) for _ in range(rng.choice([0, 0, 1, 2]))
        ],
        closed=[day for day in dates if rng.random() < 0.07],
        grid=maybe(rng, rng.choice([5, 15, 30, 40, 60]), 0.6),
        length=maybe(rng, rng.choice([10, 30, 50]), 0.4),
        notice=maybe(rng, rng.choice([0, 60, 240, 1500]), 0.3),
        horizon=maybe(rng, rng.randint(1, 4), 0.3),
        max_age=maybe(rng, rng.choice([600, 7200]), 0.4),
        types={
            name: TypeRule(
                maybe(rng, rng.choice([10, 25, 60]), 0.5),
                rng.random() < 0.6,
                maybe(rng, tuple(rng.sample(ROOMS, rng.randint(0, 3))), 0.3),
            )
            for name in TYPES if rng.random() < 0.5
        },
        portal_types={name: rng.choice([None, 1, 2, 3]) for name in TYPES} if rng.random() < 0.7 else {},
        providers=PROVIDERS if rng.random() < 0.5 else (),
    )  # fmt: skip
    clinic.visits = [a_visit(rng, rng.choice(dates)) for _ in range(rng.randint(0, 12 * days))]
    clinic.visits += [a_long_one(rng, first) for _ in range(rng.choice([0, 0, 0, 1]))]
    clinic.calls = [a_call(rng, rng.choice(dates), now) for _ in range(rng.choice([0, 0, 2, 5]))]
    clinic.reads = {
        day: read for day in [first - timedelta(days=1), *dates, dates[-1] + timedelta(days=1)]
        if (read := a_read(rng, now))
    }  # fmt: skip
    return clinic


def a_visit(rng: Random, day: date) -> Visit:
    kind = maybe(rng, rng.choice([*TYPES, "block"]), 0.7)
    start = datetime.combine(day, time(rng.randint(0, 23), rng.choice([0, 15, 30, 30, 50])))
    return Visit(
        start, start + timedelta(minutes=rng.choice([0, 10, 30, 30, 60, 400])),
        maybe(rng, rng.choice(ROOMS), 0.97 if kind == "block" else 0.9), kind,
        rng.choice(["scheduled"] * 8 + ["cancelled", "no_show", "Odd"]),
        maybe(rng, rng.choice(PROVIDERS), 0.5), is_deleted=rng.random() < 0.05,
    )  # fmt: skip


def a_long_one(rng: Random, first: date) -> Visit:
    """A block of days, in a column, that may have begun before the first day."""
    start = datetime.combine(first - timedelta(days=rng.randint(0, 9)), time(rng.randint(0, 23)))
    return Visit(start, start + timedelta(hours=rng.choice([24, 30, 100, 240])), rng.choice(ROOMS), "block")


def a_call(rng: Random, day: date, now: datetime) -> Call:
    return Call(
        datetime.combine(day, time(rng.randint(0, 23), rng.choice([0, 15, 30]))),
        rng.choice(["pending", "confirmed", "rescheduled", "cancelled"]),
        now + timedelta(minutes=rng.choice([-30, 5])),
        is_seen=rng.random() < 0.2,
    )


def a_read(rng: Random, now: datetime) -> Read | None:
    chance = rng.random()
    at = now - timedelta(minutes=rng.choice([1, 8, 30, 59]))
    if chance < 0.03:
        return None
    if chance < 0.06:
        return Read(now - timedelta(hours=3))
    if chance < 0.09:
        return Read(at, failed_at=at + timedelta(seconds=rng.choice([-5, 5])))
    return Read(at, warning=rng.choice(WARNINGS) if chance < 0.12 else None)


def stretches(rng: Random, latest: int, share: float) -> list[tuple[int, int, int]]:
    """Up to two stretches of a weekday; no two of one weekday begin at the same minute."""
    found = {
        (on, opens): closes
        for on in range(7)
        for _ in range(rng.choice([1, 2]))
        for opens, closes in [stretch(rng, latest, 240)]
        if rng.random() < share
    }
    return [(on, opens, closes) for (on, opens), closes in found.items()]


def stretch(rng: Random, latest: int, least: int) -> tuple[int, int]:
    opens = rng.randrange(0, 1440 - least, 5)
    return opens, rng.randrange(opens + least, min(latest, opens + 1440) + 1, 5)


def maybe(rng: Random, value: T, chance: float) -> T | None:
    return value if rng.random() < chance else None


ALL_DAYS = [date(2026, 1, 1) + timedelta(days=n) for n in range(730)]


@lru_cache
def change_days(zone: str) -> list[date]:
    """The days of two years on which the zone's clocks change."""
    tz = ZoneInfo(zone)
    midnights = [datetime.combine(day, time(), tz).utcoffset() for day in ALL_DAYS]
    return [day for day, now, then in zip(ALL_DAYS, midnights, midnights[1:], strict=False) if now != then]
