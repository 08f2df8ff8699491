"""A day of changes at a clinic, followed by `vdirsyncer` into a CalDAV server (radicale).

Both sides are equal after each sync, and the server accepts everything. vdirsyncer replaces the uids of what it reads
over HTTP, so it also follows a file of the feed, whose uids it keeps.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.appointment import Appointment
from tests.bookings.practice import BOOKING
from tests.calendar_feed.conftest import WITH_NAMES, Feeds, events_of
from tests.calendar_feed.test_publishing import booking
from tests.conftest import free_port, until
from tests.store.harness import Harness, appointment, day, on

pytestmark = pytest.mark.anyio

BIN = Path(sys.executable).parent
#: What must be equal of each event.
COMPARED = ("sequence", "dtstart", "dtend", "summary", "description", "location", "status", "transp", "dtstamp")

CONFIG = """
[general]
status_path = "{folder}/status"
[pair subscribed]
a = "feed"
b = "subscriber"
collections = null
partial_sync = "error"
[pair merged]
a = "file"
b = "merger"
collections = null
partial_sync = "error"
[storage feed]
type = "http"
url = "{feed}"
[storage file]
type = "singlefile"
path = "{folder}/feed.ics"
read_only = true
[storage subscriber]
type = "caldav"
url = "{server}/subscriber/"
username = "desk"
password = "desk"
[storage merger]
type = "caldav"
url = "{server}/merger/"
username = "desk"
password = "desk"
"""


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


async def vdirsyncer(config: Path, *arguments: str) -> None:
    run = await asyncio.create_subprocess_exec(
        *(str(BIN / "vdirsyncer"), "--config", str(config), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(120):
            said, _ = await run.communicate()
    except TimeoutError:
        run.kill()
        raise
    assert run.returncode == 0, said.decode()


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
    config = tmp_path / "vdirsyncer.conf"
    config.write_text(CONFIG.format(folder=tmp_path, feed=feeds.address("desk"), server=caldav))
    await vdirsyncer(config, "discover")
    before: dict[str, Any] = {}
    states: list[set[str]] = []
    async with httpx.AsyncClient(auth=("desk", "desk")) as client:

        async def synced(done: str) -> dict[str, Any]:
            """Reads the feed, syncs, and compares; returns the events of the feed."""
            offered = await feeds.read("desk")
            (tmp_path / "feed.ics").write_bytes((await feeds.client.get(feeds.address("desk"))).content)
            await vdirsyncer(config, "sync")
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
