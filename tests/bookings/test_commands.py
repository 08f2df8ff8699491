"""`idexx-sync bookings`: what waits for the portal or for a person, and the person's decision."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ops.cli import main
from ops.client.exit_status import Exit
from tests.bookings.practice import DAY, Practice

pytestmark = pytest.mark.anyio


class Terminal:
    """The command line on the test's database."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        status = await asyncio.to_thread(main, ["bookings", *arguments])
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    async def listed(self, slug: str, *options: str) -> list[dict[str, Any]]:
        status, out, _ = await self.run("list", slug, "--json", *options)
        assert status == Exit.OK
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def terminal(database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    from actors.settings import load

    monkeypatch.setenv("DATABASE_URL", database_url)
    load.cache_clear()
    return Terminal(capsys)


@pytest.fixture
async def slug(practice: Practice) -> str:
    found: str = await practice.pool.fetchval("select slug from public.clinics where id = $1", practice.clinic_id)
    return found


async def test_what_waits_is_listed_and_what_needs_attention_is_shown(
    practice: Practice, slug: str, terminal: Terminal
) -> None:
    await practice.booking("10:00", status="pending", patient="Hung Up")
    await practice.booking("10:15", patient="Biscuit")
    await practice.booking("10:30", status="cancelled", patient="Gone")
    await practice.appointment("10:15", "10:30", patient="Biscuit")
    await practice.match()
    (waiting,) = await terminal.listed(slug)
    assert (waiting["date"], waiting["start_time"], waiting["patient_name"]) == (str(DAY), "10:00:00", "Hung Up")
    assert (waiting["state"], waiting["needs_attention"], waiting["takes_place"]) == ("expired", True, True)
    everything = await terminal.listed(slug, "--all")
    assert [one["state"] for one in everything] == ["expired", "seen"]
    _, out, err = await terminal.run("list", slug)
    assert "Hung Up" in out
    assert "is it real?" in out
    assert "bookings settle" in err


async def test_a_person_settles_confirms_or_releases_a_booking(
    practice: Practice, slug: str, terminal: Terminal
) -> None:
    answers = [await practice.book(start, caller=n) for n, start in enumerate(("10:00", "10:15", "10:30"))]
    await practice.pool.execute("update public.vapi_bookings set hold_expires_at = now() - interval '1 hour'")
    settled, confirmed, released = (answer["confirmation_number"] for answer in answers)
    assert (await terminal.run("settle", settled))[0] == Exit.OK
    assert (await terminal.run("settle", confirmed.lower(), "--confirm"))[0] == Exit.OK
    assert (await terminal.run("release", answers[2]["booking_id"], "--yes"))[0] == Exit.OK
    assert await practice.stored() == await practice.counts() == {"10:00": 0, "10:15": 1, "10:30": 0}
    states = {one["confirmation_number"]: one["state"] for one in await terminal.listed(slug, "--all")}
    assert states == {settled: "seen", confirmed: "confirmed"}
    status = await practice.pool.fetchval(
        "select status from public.vapi_bookings where confirmation_number = $1", released
    )
    assert status == "cancelled"


async def test_what_cannot_be_decided_is_refused(practice: Practice, slug: str, terminal: Terminal) -> None:
    number = (await practice.book("10:00"))["confirmation_number"]
    status, _, err = await terminal.run("settle", "ODIS-NOTTHERE")
    assert status != Exit.OK
    assert "bookings list" in err
    status, _, err = await terminal.run("release", number)
    assert status == Exit.USAGE
    assert "--yes" in err
    await terminal.run("settle", number)
    status, _, err = await terminal.run("release", number, "--yes")
    assert status != Exit.OK
    assert "in the portal" in err
