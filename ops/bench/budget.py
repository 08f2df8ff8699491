"""Whether the portal is spared: `python -m ops.bench budget`, from the sandbox's own ledger.

Two machines' worth of DateScrapers (four processes) sync two clinics as fast as they may, for a minute. First with
our own limit of 10 calls a second: no window of one second may hold more than rate + burst calls, and no clinic may
starve. Then against a portal that answers 429 above 5 a second, which nobody told us: calls that succeed should
settle at 80 % of that or more, with fewer than 2 % refused.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence

from nats.aio.client import Client

from actors.settings import Settings
from ops.bench.syncing import one_sync
from ops.connections import open_nats
from ops.sandbox.client import LedgerEntry, Sandbox
from ops.scratch import on_scratch_machine
from ops.supervision import Supervisor

RATE, BURST = 10, 10
PORTAL_LIMIT = 5
#: The first seconds against a limit that has to be found are not counted.
SETTLING = 15.0


def busiest_second(calls: Sequence[LedgerEntry]) -> int:
    """The most calls that any window of one second holds."""
    times = sorted(call.at for call in calls)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


async def load(client: Client, settings: Settings, clinics: Sequence[str], seconds: float) -> None:
    """Keeps two syncs of each clinic going."""
    until = time.monotonic() + seconds

    async def again_and_again(clinic: str) -> None:
        while time.monotonic() < until:
            await one_sync(client, settings, clinic)

    async with asyncio.TaskGroup() as group:
        for clinic in (*clinics, *clinics):
            group.create_task(again_and_again(clinic))


async def measure(settings: Settings, seconds: float) -> int:
    sandbox = Sandbox(settings.idexx_base_url)
    clinics = [clinic.slug for clinic in await sandbox.clinics()]
    names = {clinic.company_id: clinic.slug for clinic in await sandbox.clinics()}
    async with open_nats(settings.need_nats_url()) as client:
        await sandbox.clear_ledger()
        await load(client, settings, clinics, seconds)
        calls = [call for call in await sandbox.ledger() if call.kind != "static"]
        span = max(call.at for call in calls) - min(call.at for call in calls)
        shares = Counter(names.get(call.company_id or "", "sign-in page") for call in calls)
        print(f"own limit {RATE}/s, burst {BURST}: {len(calls) / span:.1f} calls/s; the busiest second had")
        print(f"  {busiest_second(calls)} (allowed {RATE + BURST}); by clinic: {json.dumps(shares)}")
        await sandbox.dials(rate_limit=PORTAL_LIMIT)
        await sandbox.clear_ledger()
        begun = time.time()
        await load(client, settings, clinics, seconds)
        settled = [call for call in await sandbox.ledger() if call.kind != "static" and call.at > begun + SETTLING]
        good = [call for call in settled if call.status != 429]
        rate = len(good) / (max(call.at for call in settled) - min(call.at for call in settled))
        refused = 1 - len(good) / len(settled)
        print(f"a portal that refuses above {PORTAL_LIMIT}/s: {rate:.2f} calls/s succeed")
        print(f"  ({rate / PORTAL_LIMIT:.0%} of what it allows), {refused:.1%} refused")
    return 0


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.bench budget", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args(given).seconds

    async def work(_: Supervisor, settings: Settings) -> int:
        return await measure(settings, seconds)

    limits = {"IDEXX_RATE_LIMIT": str(RATE), "IDEXX_RATE_BURST": str(BURST), "BROWSER_POOL_SIZE": "4"}
    return on_scratch_machine(work, "budget", **limits)
