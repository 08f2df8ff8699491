"""A day of changes at a clinic, followed by `vdirsyncer` into a CalDAV server (radicale).

Both sides are equal after each sync, and the server accepts everything.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from vdirsyncer.storage.dav import CalDAVStorage
from vdirsyncer.storage.http import HttpStorage
from vdirsyncer.sync import sync
from vdirsyncer.sync.status import SqliteStatus

from engine.appointment import Appointment
from tests.bookings.practice import BOOKING
from tests.calendar_feed.conftest import WITH_NAMES, Feeds, booking, events_of
from tests.conftest import free_port, until
from tests.store.harness import Harness, appointment, day, on

pytestmark = pytest.mark.anyio

#: What must be equal of each event.
COMPARED = ("sequence", "dtstart", "dtend", "summary", "description", "location", "status", "transp", "dtstamp")


class KeepsUids(HttpStorage):
    """A source whose items keep their uids, as in a file; over HTTP, vdirsyncer gives them others."""

    _ignore_uids = False


@pytest.fixture
async def caldav(tmp_path: Path) -> AsyncIterator[str]:
    """Yields the URL of a CalDAV server with two empty calendars."""
    address = f"127.0.0.1:{free_port()}"
    with (tmp_path / "radicale.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "radicale", "--config", "", "--server-hosts", address, "--auth-type", "none"),
            *("--storage-filesystem-folder", str(tmp_path / "radicale")),
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://{address}/desk"
        async with httpx.AsyncClient(auth=("desk", "desk")) as client:

            async def made() -> bool:
                try:
                    return (await client.request("MKCALENDAR", f"{url}/merger/")).status_code == 201
                except httpx.TransportError:
                    assert server.returncode is None, (tmp_path / "radicale.log").read_text()
                    return False

            await until(made)
            assert (await client.request("MKCALENDAR", f"{url}/subscriber/")).status_code == 201
        yield url
    finally:
        if server.returncode is None:
            server.terminate()
        await server.wait()


def compared(events: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        uid: {name: getattr(event, name).value if hasattr(event, name) else None for name in COMPARED}
        for uid, event in events.items()
    }


def without_uids(events: dict[str, Any]) -> list[str]:
    return sorted(map(str, compared(events).values()))


def visit(key: int, n: int, start: str = "16:00", **values: Any) -> Appointment:
    people = {"client_name": f"Zoë; O'Neil, \\{key}", "appointment_type": "Dental", "provider_name": "Dr. House"}
    return appointment(key, n, start, **people | values)


def block(key: str, n: int, start: str, minutes: int, **values: Any) -> Appointment:
    return appointment(key, n, start, minutes, appointment_type="block", patient_name=None, **values)


async def a_day(harness: Harness) -> AsyncIterator[str]:
    """Changes the clinic's calendar step by step; yields what has been done."""
    lunch = {n: block("lunch", n, "19:00", 60, notes="Lunch") for n in range(3)}
    # Midnight in Denver is at 07:00 UTC, and from day 6 on, whose night has 23 hours, at 06:00.
    closed = block("closed", 6, "07:00", 23 * 60, notes="Inventory", room_id=None)
    days: dict[int, Iterable[Appointment]] = {
        0: [visit(1, 0), visit(2, 0, "17:00"), lunch[0]],
        1: [visit(3, 1, patient_name="犬" * 90), lunch[1]],
        2: [visit(4, 2), lunch[2]],
        6: [closed, visit(5, 6, "08:30"), visit(6, 6, "09:30")],
    }

    async def seen(seconds: float) -> None:
        await harness.sync(seconds, {n: days.get(n, []) for n in range(7)})

    await seen(0)
    yield "the calendar as it is in the morning"
    await seen(20)
    yield "nothing but a second look, which finds the repetition"
    days[0] = [visit(1, 0, "18:15"), visit(2, 0, "17:00", status="no_show", notes="changed"), lunch[0]]
    await seen(40)
    yield "a visit at another time, and a no-show"
    await harness.pool.execute(BOOKING, harness.clinic.id, day(1), *booking("confirmed"))
    await harness.pool.execute(
        "insert into idexx_sync.closed_days (clinic_id, date, reason) values ($1, $2, 'Holiday')",
        harness.clinic.id,
        day(4),
    )
    yield "a booking by telephone, and a closed day"
    days[2] = [lunch[2]]
    days[5] = [on(visit(4, 2), 5)]
    await seen(60)
    yield "a visit on another day"
    days[1] = [lunch[1]]
    days[6] = [closed, visit(5, 6, "08:30", status="cancelled"), visit(6, 6, "09:30", patient_name="Renamed")]
    await seen(80)
    yield "a removed visit, a cancelled one, and another name"
    await harness.pool.execute("delete from idexx_sync.closed_days where clinic_id = $1", harness.clinic.id)
    days[1] = [visit(3, 1), lunch[1]]
    await seen(100)
    yield "the removed visit is back, and the day is open"


async def test_both_sides_are_equal_after_each_change_of_a_day(
    harness: Harness, feeds: Feeds, caldav: str, tmp_path: Path
) -> None:
    await feeds.new("desk", WITH_NAMES)
    before: dict[str, Any] = {}
    states: list[set[str]] = []
    login = {"username": "desk", "password": "desk"}
    async with httpx.AsyncClient(auth=tuple(login.values())) as client, aiohttp.TCPConnector() as connector:
        pairs = [
            (
                source(url=feeds.address("desk"), connector=connector),
                CalDAVStorage(url=f"{caldav}/{name}/", connector=connector, **login),
                SqliteStatus(),
            )
            for name, source in (("subscriber", HttpStorage), ("merger", KeepsUids))
        ]

        async def synced(done: str) -> dict[str, Any]:
            """Reads the feed, syncs, and compares; returns the events of the feed."""
            offered = await feeds.read("desk")
            for source, target, status in pairs:
                await sync(source, target, status, partial_sync="error")
            assert compared(events_of((await client.get(f"{caldav}/merger/")).text)) == compared(offered), done
            subscribed = events_of((await client.get(f"{caldav}/subscriber/")).text)
            assert without_uids(subscribed) == without_uids(offered), done
            return offered

        async for done in a_day(harness):
            offered = await synced(done)
            for uid in before.keys() & offered.keys():
                old, new = compared(before)[uid], compared(offered)[uid]
                assert (int(new["sequence"]) > int(old["sequence"])) is (new != old), (done, old, new)
            before = offered
            states.append({event.status.value for event in offered.values()})
        assert "CANCELLED" not in states[0]
        assert "CANCELLED" in states[-1]
        # Long after, what was cancelled is gone, on both sides.
        feeds.clocks.pass_by(9 * 86400)
        assert {event.status.value for event in (await synced("days later")).values()} == {"CONFIRMED"}
