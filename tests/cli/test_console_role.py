"""What the console and `watch` need is what an operator's, and a clinic's, NATS user may do, and no more."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from ops.client.events import events_of_all
from ops.console.overview import ConsoleOverview
from ops.console.source import Source
from ops.sandbox.client import SandboxClinic
from tests.conftest import until
from tests.safety.secured import Secured, visiting
from tests.safety.secured_system import heard, nats_url, server
from tests.system.conftest import Asker, System, asker, clinics, key_ring, sandbox, settings, system

__all__ = ["asker", "clinics", "heard", "key_ring", "nats_url", "sandbox", "server", "settings", "system"]

pytestmark = pytest.mark.anyio


async def waiting(source: Source) -> ConsoleOverview | None:
    """An overview with the dates of both syncs in a mailbox, which no worker takes."""
    overview = await source.overview()
    boxes = {box["queue"]: box["messages"] for box in overview.reply["mailboxes"]}
    return overview if boxes["date_scraper"] == 2 else None


async def test_an_operator_sees_everything_and_a_clinic_its_own(
    system: System, server: Secured, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.gateway()
    system.worker("coordinator")
    one, other = (clinic.slug for clinic in clinics)
    asked = {slug: (await asker.ask("sync", slug, {"days_ahead": 2}))["sync_id"] for slug in (one, other)}
    async with visiting(server.url("ops")) as operator:
        source = Source(operator.client, server.subjects)
        overview = await until(lambda: waiting(source))
        assert {clinic["slug"] for clinic in overview.reply["clinics"]} == {one, other}
        assert {sync["sync_id"] for sync in overview.reply["syncs"]} == set(asked.values())
        assert (overview.gateways, [worker["queues"] for worker in overview.workers]) == (1, ["coordinator"])
        assert await source.letters() == []
        sync = await source.sync(one, asked[one])
        async with aclosing(source.events_of(one, asked[one], 0)) as its_own, asyncio.timeout(60):
            first = await anext(its_own)
        assert (len(sync["dates"]), first["event"]) == (2, "accepted")
        async with aclosing(source.events()) as live, asyncio.timeout(60):
            found = [await anext(live) for _ in range(4)]
        assert {event["sync_id"] for event in found} == set(asked.values())
    async with visiting(server.url(f"clinic-{one}")) as client:
        async with aclosing(events_of_all(client.client, server.subjects, one)) as live, asyncio.timeout(60):
            found = [await anext(live) for _ in range(2)]
        assert {event["sync_id"] for event in found} == {asked[one]}
    assert not server.refusals()
