"""Kills what a sync needs, at random moments, and looks whether the truth survives: `python -m ops.chaos --seed 1`.

Every process is real and on this machine, under the supervisor of `idexx-sync up`. In each round both clinics of
the sandbox change and are synced for a fortnight, and something is killed with SIGKILL while they are: a scraper,
the Reconciler, the Coordinator, the gateway, nats-server, PostgreSQL, or all of them at once. Afterwards every
accepted sync must have ended, once; its events must be on the stream in order without a gap; and what PostgreSQL
holds must equal the portal, field by field. The same seed kills the same things.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import nats.errors
from nats.aio.client import Client

from actors.messages import Subjects
from actors.settings import Settings
from engine.errors import Unavailable
from ops.connections import open_database, open_nats
from ops.demo_run.compare import differences
from ops.demo_run.stored import stored_appointments
from ops.sandbox.client import Sandbox, SandboxClinic
from ops.scratch import on_scratch_machine
from ops.supervision import Supervisor

DAYS = 14
VICTIMS = ("scraper-1", "scraper-2", "reconciler", "coordinator", "gateway", "nats-server", "postgres")
LAST = ("completed", "failed", "cancelled", "timed_out")

#: Seconds within which a sync must have ended, whatever was killed.
PATIENCE = 180.0


class Broken(Exception):
    """A promise was not kept; the message says which."""


class Chaos:
    def __init__(self, supervisor: Supervisor, settings: Settings, chance: random.Random) -> None:
        self._supervisor = supervisor
        self._settings = settings
        self._chance = chance
        self._sandbox = Sandbox(settings.idexx_base_url)
        self._subjects = Subjects(settings.subject_prefix)

    async def round(self, number: int) -> None:
        clinics = await self._sandbox.clinics()
        for clinic in clinics:
            await self._sandbox.change(
                clinic.company_id, add=3, move=3, delete=2, seed=self._chance.randrange(10**6)
            )
        victims = self._victims()
        after = self._chance.uniform(0.0, 5.0)
        print(f"round {number}: {', '.join(victims)} killed after {after:.1f} s", end="", flush=True)
        requests = {clinic.slug: uuid4().hex for clinic in clinics}
        syncs = {slug: await self._request(slug, request) for slug, request in requests.items()}
        await asyncio.sleep(after)
        for victim in victims:
            self._kill(victim)
        for clinic in clinics:
            await self._ends(clinic, syncs[clinic.slug])
        print(" · ended, in order, and equal to the portal")

    def _victims(self) -> Sequence[str]:
        kind = self._chance.randrange(len(VICTIMS) + 1)
        return VICTIMS if kind == len(VICTIMS) else (VICTIMS[kind],)

    def _kill(self, name: str) -> None:
        """The process and its children, as when the machine dies."""
        if pid := self._supervisor.pid(name):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    async def _request(self, slug: str, request_id: str) -> str:
        """Asks until it is answered; the same request id is the same sync."""
        reply = await self._ask("sync", slug, days_ahead=DAYS, request_id=request_id)
        return str(reply["sync_id"])

    async def _ends(self, clinic: SandboxClinic, sync_id: str) -> None:
        async with asyncio.timeout(PATIENCE):
            while (sync := (await self._ask("status", clinic.slug, sync_id=sync_id))["sync"])[
                "status"
            ] not in LAST:
                await asyncio.sleep(0.2)
        if sync["status"] != "completed" or sync["failed_dates"]:
            raise Broken(
                f"sync {sync_id} ended as {sync['status']}: {sync['error_message']} {sync['error_details']}"
            )
        await self._told_once(clinic, sync_id)
        await self._equals_the_portal(clinic)

    async def _told_once(self, clinic: SandboxClinic, sync_id: str) -> None:
        """The stream has the sync's events in order, without a gap, with one last event."""
        events: list[dict[str, Any]] = []
        async with self._client() as client:
            subject = self._subjects.sync_event(clinic.slug, sync_id)
            subscription = await client.jetstream().subscribe(subject, ordered_consumer=True)
            while not events or events[-1]["event"] not in LAST:
                events.append(json.loads((await subscription.next_msg(timeout=30)).data))
            with suppress(nats.errors.TimeoutError):
                events.append(json.loads((await subscription.next_msg(timeout=0.5)).data))
        if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
            raise Broken(f"sync {sync_id}: the stream has the events {[event['seq'] for event in events]}")

    async def _equals_the_portal(self, clinic: SandboxClinic) -> None:
        end = clinic.today + timedelta(days=DAYS - 1)
        truth = await self._sandbox.truth(clinic.company_id, clinic.today, end)
        async with open_database(self._settings.need_database_url()) as connection:
            stored = await stored_appointments(connection, clinic.slug, clinic.today, end)
        if wrong := differences(truth, stored):
            raise Broken(f"{clinic.slug}: {'; '.join(wrong[:5])}")

    async def _ask(self, verb: str, slug: str, **body: Any) -> dict[str, Any]:
        """Asks again while servers are away."""
        async with asyncio.timeout(PATIENCE):
            while True:
                with suppress(Unavailable, nats.errors.Error, OSError, TimeoutError):
                    async with self._client() as client:
                        payload = json.dumps(body).encode()
                        message = await client.request(self._subjects.command(verb, slug), payload, timeout=3)
                    reply: dict[str, Any] = json.loads(message.data)
                    if reply["ok"]:
                        return reply
                    if reply["error"]["code"] != 503:
                        raise Broken(f"{verb} of {slug} is refused: {reply['error']}")
                await asyncio.sleep(0.2)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        async with open_nats(self._settings.need_nats_url()) as client:
            yield client


async def chaos(supervisor: Supervisor, settings: Settings, seed: int, rounds: int) -> int:
    await Sandbox(settings.idexx_base_url).dials(latency_ms=300)
    run = Chaos(supervisor, settings, random.Random(seed))  # noqa: S311 (repeatable, not secret)
    try:
        for number in range(1, rounds + 1):
            await run.round(number)
    except (Broken, TimeoutError) as error:
        print(f"\n✗ seed {seed}: {error or 'a sync did not end in time'}")
        return 1
    print(f"✓ {rounds} rounds with seed {seed}: nothing lost, nothing twice")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()

    async def work(supervisor: Supervisor, settings: Settings) -> int:
        return await chaos(supervisor, settings, arguments.seed, arguments.rounds)

    return on_scratch_machine(work, "chaos", ACK_WAIT_MS="3000")


if __name__ == "__main__":
    sys.exit(main())
