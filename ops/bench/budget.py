"""Whether the rate limit holds: `python -m ops.bench budget`, measured in the sandbox's request log.

Four DateScrapers, as on two machines, sync two clinics as fast as possible for a minute. First with a configured
limit of 10 calls per second: no window of one second may contain more than rate + burst calls, and no clinic may
starve. Then against a portal that returns 429 above 5 per second, a limit that is not configured: the rate of
successful calls should settle at 80 % of it or more, with fewer than 2 % refused.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from nats.aio.client import Client

from actors.settings import Settings
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.bench.syncing import one_sync
from ops.client.connections import open_nats
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import LoggedRequest, Sandbox

RATE, BURST = 10, 10
PORTAL_LIMIT = 5
#: Seconds at the start, while the unknown limit is being found, that are not counted.
SETTLING = 15.0

OURS, PORTALS = f"our own limit of {RATE}/s, burst {BURST}", f"a portal that refuses above {PORTAL_LIMIT}/s"

Found = tuple[list[Figure], list[Ratio]]


def busiest_second(calls: Sequence[LoggedRequest]) -> int:
    """Returns the largest number of calls in any window of one second."""
    times = sorted(call.at for call in calls)
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


async def load(client: Client, settings: Settings, clinics: Sequence[str], seconds: float) -> None:
    """Keeps two syncs of each clinic running."""
    until = time.monotonic() + seconds

    async def again_and_again(clinic: str) -> None:
        while time.monotonic() < until:
            await one_sync(client, settings, clinic)

    async with asyncio.TaskGroup() as group:
        for clinic in (*clinics, *clinics):
            group.create_task(again_and_again(clinic))


async def measure(settings: Settings, seconds: float) -> Result:
    sandbox = Sandbox(settings.idexx_base_url)
    clinics = {clinic.company_id: clinic.slug for clinic in await sandbox.clinics()}
    async with open_nats(settings.need_nats_url()) as client:
        await sandbox.clear_request_log()
        await load(client, settings, [*clinics.values()], seconds)
        own = under_our_limit(await sandbox.request_log(), clinics)
        await sandbox.fault_settings(rate_limit=PORTAL_LIMIT)
        await sandbox.clear_request_log()
        begun = time.time()
        await load(client, settings, [*clinics.values()], seconds)
        theirs = under_the_portals(await sandbox.request_log(), begun)
    return Result("budget", {"seconds": seconds}, [*own[0], *theirs[0]], [*own[1], *theirs[1]])


def under_our_limit(request_log: Sequence[LoggedRequest], clinics: dict[str, str]) -> Found:
    calls = [call for call in request_log if call.kind != "static"]
    rate = len(calls) / (max(call.at for call in calls) - min(call.at for call in calls))
    shares = Counter(clinics[call.company_id] for call in calls if call.company_id in clinics)
    busiest = busiest_second(calls)
    figures = [
        Figure(OURS, "calls a second", rate, "1/s"),
        Figure(OURS, f"the busiest second ({RATE + BURST} are allowed)", busiest, "1/s"),
        *(Figure("calls by clinic", clinic, count, "calls") for clinic, count in sorted(shares.items())),
    ]
    ratios = [
        Ratio(f"{OURS}: the busiest second / what is allowed", busiest / (RATE + BURST), Better.LOWER, 1.0),
        Ratio(f"{OURS}: used", rate / RATE, Better.HIGHER),
        Ratio("the clinic with the fewest calls / with the most", _evenness(shares), Better.HIGHER),
    ]
    return figures, ratios


def _evenness(shares: Counter[str]) -> float:
    return min(shares.values()) / max(shares.values())


def under_the_portals(request_log: Sequence[LoggedRequest], begun: float) -> Found:
    settled = [call for call in request_log if call.kind != "static" and call.at > begun + SETTLING]
    good = [call for call in settled if call.status != 429]
    rate = len(good) / (max(call.at for call in settled) - min(call.at for call in settled))
    accepted = len(good) / len(settled)
    figures = [
        Figure(PORTALS, "calls a second that succeed", rate, "1/s"),
        Figure(PORTALS, "refused", (1 - accepted) * 100, "%"),
    ]
    ratios = [
        Ratio(f"{PORTALS}: used", rate / PORTAL_LIMIT, Better.HIGHER, 0.8),
        Ratio(f"{PORTALS}: accepted", accepted, Better.HIGHER, 0.98),
    ]
    return figures, ratios


def main(given: Sequence[str]) -> int:
    parser = parser_of("budget", __doc__)
    parser.add_argument("--seconds", type=float, help="seconds for each half (default 60; more than 15)")
    options = options_of(parser, given)
    seconds = options.seconds or (30.0 if options.quick else 60.0)

    async def work(_: Supervisor, settings: Settings) -> int:
        return conclude(await measure(settings, seconds), options)

    return on_scratch_machine(
        work, "budget", IDEXX_RATE_LIMIT=str(RATE), IDEXX_RATE_BURST=str(BURST), BROWSER_POOL_SIZE="4"
    )
