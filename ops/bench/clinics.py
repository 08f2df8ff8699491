"""Two and twenty clinics at once, 14 days each: `python -m ops.bench clinics [--clinics 2 20]`.

All syncs are requested at the same moment and must sign in first. The ideal is what the settings allow: the
duration of one clinic alone, of all calls through the browsers' slots (`BROWSER_POOL_SIZE` times
`SYNC_CONCURRENCY`), or of all calls through the rate limit (`IDEXX_RATE_LIMIT`, after a first burst), whichever is
longest. The sandbox counts the calls. Fairness: with equal shares, all clinics begin at once and end together
(Jain's index of their durations is 1).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nats.aio.client import Client

from actors.settings import Settings
from ops.bench.budget import busiest_second
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.bench.syncing import DAYS, forget_session, one_sync, rounds
from ops.client.connections import open_nats
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox

LATENCY = 1.0
SIGN_IN_CALLS = 3


@dataclass(frozen=True, slots=True)
class Round:
    """A round. `seconds`: of each clinic, from the common start. `calls`: to the portal, without static files."""

    seconds: Mapping[str, float]
    calls: int
    busiest_second: int
    ideal: float

    @property
    def total(self) -> float:
        return max(self.seconds.values())

    @property
    def fairness(self) -> float:
        """Jain's index of the clinics' times: 1 if all are equal, 1/n if one has everything."""
        times = list(self.seconds.values())
        return sum(times) ** 2 / (len(times) * sum(value**2 for value in times))


def ideal(clinics: int, calls: int, latency: float, settings: Settings) -> float:
    """Returns the ideal seconds for this number of clinics and calls."""
    alone = latency * (SIGN_IN_CALLS + rounds(settings))
    places = settings.browser_pool_size * settings.sync_concurrency
    through_browsers = calls * latency / min(places, clinics * settings.sync_concurrency)
    # Plus the latency of the last call.
    through_budget = max(0.0, calls - settings.rate_burst) / settings.idexx_rate_limit + latency
    return max(alone, through_browsers, through_budget)


async def one_round(client: Client, settings: Settings, sandbox: Sandbox, slugs: Sequence[str]) -> Round:
    for slug in slugs:
        await forget_session(settings, slug)
    await sandbox.clear_request_log()
    async with asyncio.TaskGroup() as group:
        syncs = {slug: group.create_task(one_sync(client, settings, slug)) for slug in slugs}
    calls = [call for call in await sandbox.request_log() if call.kind != "static"]
    seconds = {slug: sync.result() for slug, sync in syncs.items()}
    least = ideal(len(slugs), len(calls), LATENCY, settings)
    return Round(seconds, len(calls), busiest_second(calls), least)


async def measure(settings: Settings, counts: Sequence[int]) -> Mapping[int, Round]:
    sandbox = Sandbox(settings.idexx_base_url)
    slugs = [clinic.slug for clinic in await sandbox.clinics()]
    rounds = {}
    async with open_nats(settings.need_nats_url()) as client:
        await one_sync(client, settings, slugs[0])  # warm-up
        await sandbox.fault_settings(latency_ms=LATENCY * 1000)
        for count in counts:
            begun = time.monotonic()
            rounds[count] = await one_round(client, settings, sandbox, slugs[:count])
            print(f"{count} clinics: {time.monotonic() - begun:.1f} s", file=sys.stderr)
    return rounds


def result_of(rounds: Mapping[int, Round], settings: Settings) -> Result:
    figures, ratios = [], []
    for count, found in rounds.items():
        group, rate = f"{count} clinics at once", found.calls / found.total
        figures += [
            Figure(group, "all are done", found.total, "s"),
            Figure(group, "the first is done", min(found.seconds.values()), "s"),
            Figure(group, "ideal", found.ideal, "s"),
            Figure(f"{group}: the portal", "calls a second", rate, "1/s"),
            Figure(f"{group}: the portal", "in the busiest second", found.busiest_second, "1/s"),
            Figure(f"{group}: the portal", "budget", settings.idexx_rate_limit, "1/s"),
        ]
        allowed = settings.idexx_rate_limit + settings.rate_burst
        ratios += [
            Ratio(f"{group}: time / ideal", found.total / found.ideal, Better.LOWER, 1.25),
            Ratio(f"{group}: fairness (Jain's index)", found.fairness, Better.HIGHER, 0.9),
            Ratio(f"{group}: busiest second / allowed", found.busiest_second / allowed, Better.LOWER, 1.0),
        ]
    return Result("clinics", {**_settings(settings), "latency_s": LATENCY, "days": DAYS}, figures, ratios)


def _settings(settings: Settings) -> dict[str, float]:
    return {
        "browsers": settings.browser_pool_size,
        "concurrency": settings.sync_concurrency,
        "rate": settings.idexx_rate_limit,
        "burst": settings.rate_burst,
    }


def main(given: Sequence[str]) -> int:
    parser = parser_of("clinics", __doc__)
    parser.add_argument("--clinics", type=int, nargs="+", help="how many at once (default 2 20)")
    options = options_of(parser, given)
    counts = options.clinics or ([2, 5] if options.quick else [2, 20])

    async def work(_: Supervisor, settings: Settings) -> int:
        return conclude(result_of(await measure(settings, counts), settings), options)

    return on_scratch_machine(work, "clinics", clinics=max(counts))
