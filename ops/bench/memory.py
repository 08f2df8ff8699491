"""Many syncs in a row, and what every process holds after each: `python -m ops.bench memory [--syncs 100]`.

After the tenth, nothing may grow: neither memory nor open files of any kind of process, nor the number of browsers.
Growing means that Theil–Sen's slope is surely above 0 (95 %) and more than 0.05 % of the level for each sync.
What is judged is private memory: the proportional set size (PSS), which is told beside it, moves with every other
browser on the machine, and PostgreSQL's shared buffers fill up to the size that they are given. The sandbox portal
is measured, and not judged. Exit status 1 if something grows.

nats-server holds the block in memory that it writes, up to 8 MiB of the stream of events; a new one takes 250 syncs to
fill it. So it is filled beforehand, as it is everywhere after some days.
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
from ops.connections import open_nats
from ops.sandbox.client import Sandbox
from ops.scratch import on_scratch_machine
from ops.supervision import Supervisor

#: Syncs in which everything warms up: caches, pools, prepared statements.
WARM_UP = 10

#: More than a block of the stream of events, in messages of so many bytes.
FILL, FILL_BYTES = 400, 65_536

#: Seconds in which a browser that is replaced has to be gone.
PATIENCE = 30.0

#: Measured only: it is no part of the system.
NOT_OURS = ("sandbox",)

#: How much of the level at the tenth sync the level at the end may be.
GOAL = 1.05


@dataclass(frozen=True, slots=True)
class Sample:
    """After one sync."""

    uses: Mapping[str, Use]
    browsers: int


async def measure(settings: Settings, syncs: int) -> list[Sample]:
    sandbox = Sandbox(settings.idexx_base_url)
    clinics = await sandbox.clinics()
    samples = []
    async with open_nats(settings.need_nats_url()) as client:
        await _fill(client, settings)
        for number in range(syncs):
            clinic = clinics[number % len(clinics)]
            await sandbox.change(clinic.company_id, add=2, edit=5, move=1, delete=1, seed=number)
            samples.append(await _sample_after(client, settings, clinic.slug))
            await sandbox.clear_ledger()
            if (number + 1) % 10 == 0:
                total = sum(use.pss for use in samples[-1].uses.values())
                print(f"{number + 1} syncs: {total:.0f} MiB, {samples[-1].browsers} browsers", file=sys.stderr)
    return samples


async def _fill(client: Client, settings: Settings) -> None:
    jetstream = client.jetstream()
    for _ in range(FILL):
        await jetstream.publish(f"{settings.subject_prefix}.evt.bench.fill", bytes(FILL_BYTES))


async def _sample_after(client: Client, settings: Settings, clinic: str) -> Sample:
    """A browser that was replaced in the sync may take a moment to go."""
    await one_sync(client, settings, clinic)
    until = time.monotonic() + PATIENCE
    while (count := browsers()) != settings.browser_pool_size and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return Sample(use_by_kind(), count)


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one kind of process, after the warm-up. Memory in MiB."""

    kind: str
    memory: Trend
    files: Trend
    first: float
    last: float

    @property
    def is_flat(self) -> bool:
        return self.memory.is_flat and self.files.is_flat

    def __str__(self) -> str:
        slope, low, high = (value * 1024 for value in (self.memory.slope, self.memory.low, self.memory.high))
        return (
            f"{self.kind:20} {self.first:8.1f} {self.last:8.1f} {slope:+9.1f} ({low:+.1f} to {high:+.1f})"
            f" {self.memory.share:+9.3%}   {self.files.level:5.0f} {self.files.slope:+7.3f}   "
            f"{'flat' if self.is_flat else 'GROWS'}"
        )


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """By kind of process, of the samples after the warm-up."""
    settled = samples[WARM_UP:]
    found = []
    for kind in settled[0].uses:
        values = [_memory(kind, sample) for sample in settled]
        files = [float(sample.uses[kind].files) if kind in sample.uses else 0.0 for sample in settled]
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
        faults.append(f"the number of browsers was {counts}, and is to be {pool_size} after each sync")
    last = samples[-1].uses
    figures = [Figure("private memory, median", growth.kind, growth.memory.level, "MiB") for growth in found]
    figures += [Figure("memory (PSS) after the last sync", kind, use.pss, "MiB") for kind, use in last.items()]
    figures += [Figure("open files", growth.kind, growth.files.level, "files") for growth in found]
    whole = sum(growth.last for growth in judged) / sum(growth.first for growth in judged)
    ratios = [Ratio("all processes: memory at the end / after ten syncs", whole, Better.LOWER, GOAL)]
    ratios += [
        Ratio(f"{growth.kind}: memory at the end / after ten syncs", growth.last / growth.first, Better.LOWER)
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
    parser.add_argument("--syncs", type=int, help="how many (default 100, at least 20)")
    options = options_of(parser, given)
    options.syncs = max(20, options.syncs or (30 if options.quick else 100))

    async def work(_: Supervisor, settings: Settings) -> int:
        return await bench(settings, options)

    # The budget would only make it slow.
    return on_scratch_machine(work, "memory", IDEXX_RATE_LIMIT="200")
