"""What a feed shows of a real database: its columns, its provider, bookings, closed days, repetitions, the range of
days, and no name unless it was made with them."""

from __future__ import annotations

import json
from datetime import date

import asyncpg
import pytest

from engine.appointment import Appointment
from engine.calendar_feed.feed import FeedScope
from engine.errors import BadRequest
from engine.store.calendar_feeds import revisions
from engine.store.calendar_feeds.scope import named_scope, resolve_scope
from engine.store.clinics import find_clinic
from engine.store.database import Database
from tests.bookings.practice import BOOKING
from tests.calendar_feed.conftest import WITH_NAMES, Feeds, booking
from tests.store.harness import Harness, appointment, day, on

pytestmark = pytest.mark.anyio

ROOMS = [{"id": "room-1", "name": "Exam 1"}, {"id": "room-2", "name": "Dr. Grey"}]
PROVIDERS = [{"id": "p1", "name": "Dr. Grey"}, {"id": "p2", "name": "Dr. House"}]


def visit(key: str, n: int = 0, **values: object) -> Appointment:
    people = {"client_name": f"Client {key}", "provider_name": "Dr. House", "appointment_type": "Dental"}
    return appointment(key, n, **people | values)


@pytest.fixture
async def portal(harness: Harness) -> None:
    """The portal's columns and providers are known."""
    await harness.pool.execute(
        "insert into idexx_sync.clinic_portal_config (clinic_id, slot_minutes, rooms, providers, read_at)"
        " values ($1, 15, $2, $3, now())",
        harness.clinic.id, json.dumps(ROOMS), json.dumps(PROVIDERS),
    )  # fmt: skip


@pytest.mark.usefixtures("portal")
async def test_a_feed_has_names_only_if_it_was_made_with_them(harness: Harness, feeds: Feeds) -> None:
    block = appointment("b", 0, "20:00", appointment_type="block", notes="Secret meeting", patient_name=None)
    await harness.sync(0, {0: [visit("1"), block]})
    await harness.pool.execute(
        "insert into idexx_sync.closed_days (clinic_id, date, reason) values ($1, $2, 'Secret')",
        harness.clinic.id,
        day(1),
    )
    for name, scope in (("named", WITH_NAMES), ("bare", FeedScope())):
        await feeds.new(name, scope)
    named, bare = await feeds.read("named"), await feeds.read("bare")
    assert named.keys() == bare.keys()
    assert sorted(event.summary.value for event in bare.values()) == ["Appointment", "Blocked", "Closed"]
    whole = (await feeds.client.get(feeds.address("bare"))).text
    for secret in ("Secret", "Patient", "Client", "Dental", "House", "Exam"):
        assert secret in str([event.serialize() for event in named.values()]), secret
        assert secret not in whole
    assert "LOCATION:room-1" in whole


@pytest.mark.usefixtures("portal")
async def test_a_feed_shows_its_columns_or_its_provider_and_what_is_for_the_whole_clinic(
    harness: Harness, feeds: Feeds
) -> None:
    seen = [
        visit("1"),
        visit("2", room_id="room-2"),
        visit("3", room_id=None, provider_name="Dr. Grey"),
        appointment("4", 0, room_id=None, appointment_type="block", notes="All"),
        appointment("5", 0, room_id="room-2", appointment_type="block", notes="Two"),
        visit("6", status="cancelled"),
    ]
    await harness.sync(0, {0: seen})
    await harness.pool.execute(BOOKING, harness.clinic.id, day(0), *booking("confirmed"))
    await harness.pool.execute(BOOKING, harness.clinic.id, day(0), *booking("pending", hold=3600))
    await harness.pool.execute(
        "insert into idexx_sync.closed_days (clinic_id, date) values ($1, $2)", harness.clinic.id, day(1)
    )
    scopes = {
        "all": (WITH_NAMES, {"1", "2", "3", "All", "Two", "Rex", "Closed"}),
        "one": (FeedScope(("Exam 1",), names=True), {"1", "All", "Closed"}),
        "two": (FeedScope(("room-2", "exam 1"), names=True), {"1", "2", "All", "Two", "Closed"}),
        "house": (FeedScope(None, "dr. house", names=True), {"1", "2", "All", "Closed"}),
        "grey": (FeedScope(None, "p1", names=True), {"2", "3", "All", "Two", "Closed"}),
    }
    async with harness.pool.acquire() as connection:
        clinic = await find_clinic(connection, harness.clinic.slug)
        for name, (scope, expected) in scopes.items():
            made = await feeds.new(name, await resolve_scope(connection, clinic, scope))
            named = await named_scope(connection, made)
            assert {*(named.columns or ()), named.provider} <= {"Exam 1", "Dr. Grey", "Dr. House", None}
            summaries = [event.summary.value for event in (await feeds.read(name)).values()]
            assert {_key(summary) for summary in summaries} == expected, name
        for wrong, message in (
            (FeedScope(("Exam 9",)), "no column 'Exam 9'; it has room-1 (Exam 1), room-2 (Dr. Grey)"),
            (FeedScope(None, "Dr. No"), "no provider 'Dr. No'; it has Dr. Grey, Dr. House"),
        ):
            with pytest.raises(BadRequest) as refused:
                await resolve_scope(connection, clinic, wrong)
            assert message in str(refused.value)


def _key(summary: str) -> str:
    """The word by which a test knows an event: `Dental: Patient 1 (Client 1)` is 1."""
    return summary.partition(" (")[0].split()[-1]


async def test_a_booking_becomes_the_appointment_when_the_portal_shows_it(harness: Harness, feeds: Feeds) -> None:
    await harness.sync(0, {0: []})
    promised = await harness.pool.fetchval(BOOKING, harness.clinic.id, day(0), *booking("confirmed"))
    await feeds.new("all")
    assert (await feeds.read("all")).keys() == {str(promised)}
    await harness.sync(10, {0: [visit("1")]})
    await harness.pool.execute(
        "insert into idexx_sync.booking_matches (booking_id, clinic_id, starts, ends, appointment_id, matched_by)"
        " select b.id, b.clinic_id, b.date + b.start_time, b.date + b.start_time + interval '1 min', $2, 'person'"
        " from vapi_bookings b where b.id = $1",
        promised, await harness.row_id("1"),
    )  # fmt: skip
    found = await feeds.read("all")
    assert {uid: event.status.value for uid, event in found.items()} == {
        str(promised): "CANCELLED",
        str(await harness.row_id("1")): "CONFIRMED",
    }


async def test_a_move_keeps_its_uid_and_leaves_the_feed_of_its_old_column_cancelled(
    harness: Harness, feeds: Feeds
) -> None:
    await harness.sync(0, {0: [visit("1")], 1: []})
    for name, columns in (("all", None), ("one", ("room-1",)), ("two", ("room-2",))):
        await feeds.new(name, FeedScope(columns, names=True))
    before = {name: await feeds.read(name) for name in ("all", "one", "two")}
    uid = str(await harness.row_id("1"))
    assert [list(found) for found in before.values()] == [[uid], [uid], []]
    moved = on(visit("1"), 1, room_id="room-2")
    await harness.sync(10, {0: [], 1: [moved]})
    after = {name: (await feeds.read(name))[uid] for name in ("all", "one", "two")}
    assert {name: event.status.value for name, event in after.items()} == {
        "all": "CONFIRMED",
        "one": "CANCELLED",
        "two": "CONFIRMED",
    }
    for name in ("all", "one"):
        assert int(after[name].sequence.value) > int(before[name][uid].sequence.value)
    assert after["all"].dtstart.value == moved.starts_at
    assert "Patient" not in after["one"].serialize()


async def test_each_occurrence_of_a_repeating_appointment_is_an_event(harness: Harness, feeds: Feeds) -> None:
    week = {n: [appointment("lunch", n, "19:00", appointment_type="block", notes="Lunch")] for n in range(3)}
    await harness.sync(0, week)
    await feeds.new("all")
    first = await feeds.read("all")
    await harness.sync(20, dict(reversed(week.items())))
    found = await feeds.read("all")
    assert len(found) == 3
    assert first.keys() <= found.keys()  # the row that was the only one stays the same event
    assert len({event.dtstart.value.date() for event in found.values()}) == 3


async def test_the_range_of_days_moves_along(harness: Harness, feeds: Feeds, database: Database) -> None:
    await harness.sync(0, {n: [visit(str(n), n)] for n in range(5)})
    feed = await feeds.new("short", FeedScope(names=True, days_back=1, days_ahead=2))

    async def days() -> set[date]:
        return {event.dtstart.value.date() for event in (await feeds.read("short")).values()}

    assert await days() == {day(0), day(1), day(2)}
    feeds.clocks.pass_by(2 * 86400)
    assert await days() == {day(1), day(2), day(3), day(4)}
    async with database.connection() as connection:
        assert len(await revisions(connection, feed.id)) == 4


async def test_a_feed_that_nothing_has_changed_writes_nothing(harness: Harness, feeds: Feeds) -> None:
    await harness.sync(0, {0: [visit("1"), visit("2")]})
    await feeds.new("all")
    versions = "select uid, xmin::text, ctid::text from idexx_sync.calendar_feed_events order by uid"
    await feeds.read("all")
    before = await harness.pool.fetch(versions)
    await harness.sync(10, {0: [visit("1"), visit("2")]})
    await feeds.read("all")
    assert await harness.pool.fetch(versions) == before
    assert len(before) == 2


async def test_the_stored_revisions_have_no_name(harness: Harness, feeds: Feeds, pool: asyncpg.Pool) -> None:
    await harness.sync(0, {0: [visit("1")]})
    await feeds.new("all")
    assert "Patient 1" in next(iter((await feeds.read("all")).values())).serialize()
    [row] = await pool.fetch("select e::text from idexx_sync.calendar_feed_events e")
    assert "Patient" not in row[0]
