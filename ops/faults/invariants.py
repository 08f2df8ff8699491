"""Checks the invariants of a fault run: every sync ends, once, with events in order, and with the portal's data.

Fault scripts start syncs here, break something, and then check the invariants.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

import nats.errors
import nats.js.errors

from actors.messages import Subjects
from actors.settings import Settings
from engine.errors import Unavailable
from engine.events import LAST
from ops.client.connections import open_database, open_nats
from ops.local.demo.compare import differences
from ops.local.demo.stored import stored_appointments
from ops.sandbox.client import Sandbox, SandboxClinic

T = TypeVar("T")

DAYS = 14

#: Seconds within which a sync must end, regardless of the fault.
TIMEOUT = 180.0


class Broken(Exception):
    """An invariant does not hold; the message says which."""


class Invariants:
    def __init__(self, settings: Settings, rng: random.Random) -> None:
        self._settings = settings
        self._rng = rng
        self._sandbox = Sandbox(settings.idexx_base_url)
        self._subjects = Subjects(settings.subject_prefix)

    async def start_syncs(self) -> Mapping[str, str]:
        """Changes the calendar of every clinic and requests a 14-day sync of each; returns the sync ids by
        slug."""
        clinics = await self._sandbox.clinics()
        for clinic in clinics:
            await self._sandbox.change(clinic.company_id, add=3, move=3, delete=2, seed=self._rng.randrange(10**6))
        return {clinic.slug: await self._request(clinic, uuid4().hex) for clinic in clinics}

    async def kept(self, syncs: Mapping[str, str]) -> None:
        """Waits until the syncs end and checks them. Raises `Broken`, or `TimeoutError` if one does not end."""
        for clinic in await self._sandbox.clinics():
            await self._ends(clinic, syncs[clinic.slug])

    async def _request(self, clinic: SandboxClinic, request_id: str) -> str:
        """Requests a sync until there is a reply; a repeated request id means the same sync. The dates are those
        of the sandbox's calendar, which does not change at midnight."""
        end = clinic.today + timedelta(days=DAYS - 1)
        dates = {"start_date": clinic.today.isoformat(), "end_date": end.isoformat()}
        reply = await self._ask("sync", clinic.slug, **dates, request_id=request_id)
        return str(reply["sync_id"])

    async def _ends(self, clinic: SandboxClinic, sync_id: str) -> None:
        async with asyncio.timeout(TIMEOUT):
            while (sync := (await self._ask("status", clinic.slug, sync_id=sync_id))["sync"])[
                "status"
            ] not in LAST:
                await asyncio.sleep(0.2)
        if sync["status"] != "completed" or sync["failed_dates"]:
            raise Broken(
                f"sync {sync_id} ended as {sync['status']}: {sync['error_message']} {sync['error_details']}"
            )
        await self._check_events(clinic, sync_id)
        await self._equals_the_portal(clinic)

    async def _check_events(self, clinic: SandboxClinic, sync_id: str) -> None:
        """Checks that the stream has the sync's events in order, without a gap, with one last event."""
        numbers = [event["seq"] for event in await self._again(lambda: self._events(clinic.slug, sync_id))]
        if numbers != list(range(1, len(numbers) + 1)):
            raise Broken(f"sync {sync_id}: the stream has the events {numbers}")

    async def _events(self, slug: str, sync_id: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        async with open_nats(self._settings.need_nats_url()) as client:
            subject = self._subjects.sync_event(slug, sync_id)
            subscription = await client.jetstream().subscribe(subject, ordered_consumer=True)
            while not events or events[-1]["event"] not in LAST:
                events.append(json.loads((await subscription.next_msg(timeout=30)).data))
            with suppress(nats.errors.TimeoutError):
                events.append(json.loads((await subscription.next_msg(timeout=0.5)).data))
        return events

    async def _equals_the_portal(self, clinic: SandboxClinic) -> None:
        end = clinic.today + timedelta(days=DAYS - 1)
        truth = await self._sandbox.truth(clinic.company_id, clinic.today, end)
        async with open_database(self._settings.need_database_url()) as connection:
            stored = await stored_appointments(connection, clinic.slug, clinic.today, end)
        if wrong := differences(truth, stored):
            raise Broken(f"{clinic.slug}: {'; '.join(wrong[:5])}")

    async def _ask(self, verb: str, slug: str, **body: Any) -> dict[str, Any]:
        async def ask() -> dict[str, Any] | None:
            async with open_nats(self._settings.need_nats_url()) as client:
                payload = json.dumps(body).encode()
                message = await client.request(self._subjects.command(verb, slug), payload, timeout=3)
            reply: dict[str, Any] = json.loads(message.data)
            if not reply["ok"] and reply["error"]["code"] != 503:
                raise Broken(f"{verb} of {slug} is refused: {reply['error']}")
            return reply if reply["ok"] else None

        return await self._again(ask)

    async def _again(self, ask: Callable[[], Awaitable[T | None]]) -> T:
        """Repeats a request while servers are down."""
        async with asyncio.timeout(TIMEOUT):
            while True:
                with suppress(Unavailable, nats.errors.Error, nats.js.errors.Error, OSError, TimeoutError):
                    if (answer := await ask()) is not None:
                        return answer
                await asyncio.sleep(0.2)


async def run_rounds(one: Callable[[int], Awaitable[None]], seed: int, rounds: int) -> int:
    """Runs the rounds and returns the exit status."""
    try:
        for number in range(1, rounds + 1):
            await one(number)
            print(" · all syncs ended, with events in order and the portal's data")
    except (Broken, TimeoutError) as error:
        print(f"\n✗ seed {seed}: {error or 'a sync did not end in time'}")
        return 1
    print(f"✓ {rounds} rounds with seed {seed}: nothing lost, nothing duplicated")
    return 0
