"""Measures every process after each of many syncs: `python -m ops.bench memory [--syncs 100]`.

After ten warm-up syncs, nothing may grow: neither memory nor open files of any kind of process, nor the number of
browsers. Growth means that the Theil–Sen slope is above 0 with 95 % confidence and above 0.05 % of the level per
sync. The judged value is private memory. The proportional set size (PSS), which is printed as well, depends on
other browsers on the machine, and PostgreSQL's shared buffers fill up to their configured size. The sandbox portal
is measured but not judged. Exits with 1 if something grows.

The warm-up brings the machine to the state after some days: the first ten syncs run at once, so that pools open all
their connections, and the event stream gets as many messages as a thousand syncs leave.

Three kinds are judged by an upper bound, because they fill caches. nats-server keeps the block that each stream
writes in memory until it is full, and its garbage collector lets the heap reach twice the live data; over 300 syncs
it rose to 46 MiB and stayed there. Playwright's driver collects garbage rarely, in a cycle of about 70 syncs. Each
PostgreSQL connection caches its statements: over 45 syncs it rose from 189 to 205 MiB and stayed there.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from nats.aio.client import Client

from actors.settings import Settings
from ops.bench.memory_use import Use, browsers, use_by_kind
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.bench.syncing import one_sync
from ops.bench.trend import Trend, trend
from ops.client.connections import open_nats
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox

#: Number of syncs to warm up caches, pools and prepared statements.
WARM_UP = 10

#: Messages put on the stream of events beforehand, the bytes of each, and how many are sent at the same time.
FILL, FILL_BYTES, TOGETHER = 60_000, 500, 250

#: Seconds within which a replaced browser must have ended.
TIMEOUT = 30.0

#: Measured but not judged, because it is not part of the system.
NOT_OURS = ("sandbox",)

#: Kinds of process that fill their available memory, and the MiB up to which this does not count as growth
#: (drivers: of two browsers).
MAY_FILL = {"nats-server": 64.0, "playwright driver": 240.0, "postgres": 240.0}

#: The allowed ratio of the final to the initial level of all other kinds.
GOAL = 1.05


@dataclass(frozen=True, slots=True)
class Sample:
    """The measurements after one sync."""

    uses: Mapping[str, Use]
    browsers: int


async def measure(settings: Settings, syncs: int) -> list[Sample]:
    sandbox = Sandbox(settings.idexx_base_url)
    clinics = await sandbox.clinics()
    samples = []
    async with open_nats(settings.need_nats_url()) as client:
        await _fill(client, settings)
        async with asyncio.TaskGroup() as group:
            for number in range(WARM_UP):
                group.create_task(one_sync(client, settings, clinics[number % len(clinics)].slug))
        print("warm", file=sys.stderr)
        for number in range(syncs):
            clinic = clinics[number % len(clinics)]
            await sandbox.change(clinic.company_id, add=2, edit=5, move=1, delete=1, seed=number)
            samples.append(await _sample_after(client, settings, clinic.slug))
            await sandbox.clear_request_log()
            if (number + 1) % 10 == 0:
                total = sum(use.pss for use in samples[-1].uses.values())
                print(f"{number + 1} syncs: {total:.0f} MiB, {samples[-1].browsers} browsers", file=sys.stderr)
    return samples


async def _fill(client: Client, settings: Settings) -> None:
    jetstream = client.jetstream()
    subject, body = f"{settings.subject_prefix}.evt.bench.fill", bytes(FILL_BYTES)
    for _ in range(FILL // TOGETHER):
        await asyncio.gather(*[jetstream.publish(subject, body, timeout=60) for _ in range(TOGETHER)])


async def _sample_after(client: Client, settings: Settings, clinic: str) -> Sample:
    """Runs a sync and measures after it; waits for a browser that was replaced in it to end."""
    await one_sync(client, settings, clinic)
    until = time.monotonic() + TIMEOUT
    while (count := browsers()) != settings.browser_pool_size and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return Sample(use_by_kind(), count)


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of one kind of process. Memory in MiB; `first` and `last`: in the first and last tenth of the
    syncs."""

    kind: str
    memory: Trend
    files: Trend
    first: float
    last: float

    @property
    def is_flat(self) -> bool:
        return (self.memory.is_flat or self.is_bounded) and self.files.is_flat

    @property
    def is_bounded(self) -> bool:
        return self.last <= MAY_FILL.get(self.kind, 0.0)

    @property
    def verdict(self) -> str:
        if not self.is_flat:
            return "GROWS"
        return "flat" if self.memory.is_flat else f"within {MAY_FILL[self.kind]:.0f} MiB"

    def __str__(self) -> str:
        slope, low, high = (value * 1024 for value in (self.memory.slope, self.memory.low, self.memory.high))
        return (
            f"{self.kind:20} {self.first:8.1f} {self.last:8.1f} {slope:+9.1f} ({low:+.1f} to {high:+.1f})"
            f" {self.memory.share:+9.3%}   {self.files.level:5.0f} {self.files.slope:+7.3f}   "
            f"{self.verdict}"
        )


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """Returns the growth of each kind of process."""
    found = []
    for kind in samples[0].uses:
        values = [_memory(kind, sample) for sample in samples]
        files = [float(sample.uses[kind].files) if kind in sample.uses else 0.0 for sample in samples]
        tenth = max(3, len(values) // 10)
        found.append(Growth(kind, trend(values), trend(files), median(values[:tenth]), median(values[-tenth:])))
    return found


def _memory(kind: str, sample: Sample) -> float:
    use = sample.uses.get(kind)
    return use.private if use else 0.0


def result_of(samples: Sequence[Sample], pool_size: int) -> Result:
    found = growths(samples)
    judged = [growth for growth in found if growth.kind not in NOT_OURS]
    faults = [f"{growth.kind} grows with each sync: {growth}" for growth in judged if not growth.is_flat]
    counts = sorted({sample.browsers for sample in samples})
    if counts != [pool_size]:
        faults.append(f"the number of browsers was {counts}; expected {pool_size} after each sync")
    last = samples[-1].uses
    figures = [Figure("private memory, median", growth.kind, growth.memory.level, "MiB") for growth in found]
    figures += [Figure("memory (PSS) after the last sync", kind, use.pss, "MiB") for kind, use in last.items()]
    figures += [Figure("open files", growth.kind, growth.files.level, "files") for growth in found]
    others = [growth for growth in judged if growth.kind not in MAY_FILL]
    whole = sum(growth.last for growth in others) / sum(growth.first for growth in others)
    ratios = [Ratio("all but those that fill: memory at the end / at the start", whole, Better.LOWER, GOAL)]
    ratios += [
        Ratio(f"{growth.kind}: memory at the end / at the start", growth.last / growth.first, Better.LOWER)
        for growth in judged
    ]
    series = {growth.kind: [_memory(growth.kind, sample) for sample in samples] for growth in found}
    settings = {"syncs": len(samples), "warm_up": WARM_UP, "browsers": pool_size}
    return Result("memory", settings, figures, ratios, series, "MiB", faults)


def table(samples: Sequence[Sample]) -> str:
    heading = (
        f"{'':20} {'first':>8} {'last':>8} {'KiB a sync (95 %)':>26} {'share':>11}   {'files':>5} {'a sync':>7}"
    )
    return "\n".join([heading, *map(str, growths(samples))])


async def bench(settings: Settings, options: argparse.Namespace) -> int:
    samples = await measure(settings, options.syncs)
    print(table(samples), flush=True)
    return conclude(result_of(samples, settings.browser_pool_size), options)


def main(given: Sequence[str]) -> int:
    parser = parser_of("memory", __doc__)
    parser.add_argument("--syncs", type=int, help="number of syncs (default 100, at least 20)")
    options = options_of(parser, given)
    options.syncs = max(20, options.syncs or (30 if options.quick else 100))

    async def work(_: Supervisor, settings: Settings) -> int:
        return await bench(settings, options)

    # A high rate limit, because the default would only slow the run down.
    return on_scratch_machine(work, "memory", IDEXX_RATE_LIMIT="200")
