"""How long a 14-day sync takes beside the ideal: `python -m ops.bench sync --latency 0.2 1 3`.

The ideal is what nobody can beat with the same settings: sign in once (three calls, one after the other), then
`ceil(14 / SYNC_CONCURRENCY)` rounds of one call. Every process is real and on this machine; the portal is the
sandbox, slowed down. Times are from the request on NATS to the event `completed`; memory is the proportional
set size (PSS) of all processes of each kind, the browsers among them.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from nats.aio.client import Client

from actors.messages import Subjects
from actors.settings import Settings
from engine.events import LAST
from engine.store.clinics import find_clinic
from engine.store.sessions import drop_session
from ops.connections import open_database, open_nats
from ops.sandbox.client import Sandbox
from ops.scratch import on_scratch_machine
from ops.supervision import Supervisor

DAYS = 14
SIGN_IN_CALLS = 3


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds. `ideal` is of the same run: cold signs in first, warm does not."""

    latency: float
    kind: str
    seconds: float
    ideal: float

    @property
    def ratio(self) -> float:
        return self.seconds / self.ideal


def ideal(latency: float, *, cold: bool, concurrency: int) -> float:
    rounds = math.ceil(DAYS / concurrency)
    return latency * (rounds + (SIGN_IN_CALLS if cold else 0))


async def measure(settings: Settings, clinic: str, latencies: list[float], runs: int) -> list[Result]:
    results = []
    async with open_nats(settings.need_nats_url()) as client:
        sandbox = Sandbox(settings.idexx_base_url)
        await one_sync(client, settings, clinic)
        for latency in latencies:
            await sandbox.dials(latency_ms=latency * 1000)
            for cold in (True, False):
                taken = []
                for _ in range(runs):
                    if cold:
                        await forget_session(settings, clinic)
                    taken.append(await one_sync(client, settings, clinic))
                best = sorted(taken)[len(taken) // 2]
                least = ideal(latency, cold=cold, concurrency=settings.sync_concurrency)
                results.append(Result(latency, "cold" if cold else "warm", best, least))
                show(results[-1])
    return results


async def one_sync(client: Client, settings: Settings, clinic: str) -> float:
    """Seconds from the request to the last event. Raises if the sync does not complete."""
    subjects = Subjects(settings.subject_prefix)
    events = await client.subscribe(f"{settings.subject_prefix}.evt.sync.{clinic}.*.*")
    begun = time.monotonic()
    body = json.dumps({"days_ahead": DAYS}).encode()
    reply = json.loads((await client.request(subjects.command("sync", clinic), body, timeout=10)).data)
    try:
        while True:
            event: dict[str, Any] = json.loads((await events.next_msg(timeout=300)).data)
            if event["sync_id"] == reply["sync_id"] and event["event"] in LAST:
                break
    finally:
        await events.unsubscribe()
    if event["event"] != "completed" or event["failed_dates"]:
        raise SystemExit(f"the sync did not complete: {event}")
    return time.monotonic() - begun


async def forget_session(settings: Settings, clinic: str) -> None:
    async with open_database(settings.need_database_url()) as connection:
        await drop_session(connection, (await find_clinic(connection, clinic)).id, None)


def show(result: Result) -> None:
    print(
        f"{result.latency:5.1f} s a call  {result.kind}  {result.seconds:6.2f} s"
        f"  ideal {result.ideal:6.2f} s  ratio {result.ratio:5.2f}",
        flush=True,
    )


def memory_by_kind() -> dict[str, float]:
    """PSS in MiB of this process's children: servers, our processes, browsers."""
    found: defaultdict[str, float] = defaultdict(float)
    for process in psutil.Process().children(recursive=True):
        try:
            line = " ".join(process.cmdline())
            pss = process.memory_full_info().pss / 2**20
        except psutil.Error:
            continue
        found[_kind(line)] += pss
    return dict(found)


def _kind(line: str) -> str:
    for word, kind in (
        ("chrom", "chromium"),
        ("playwright", "playwright driver"),
        ("date_scraper", "scrapers"),
        ("dramatiq", "coordinator and reconciler"),
        ("actors.gateway", "gateway"),
        ("nats-server", "nats-server"),
        ("postgres", "postgres"),
        ("sandbox", "sandbox"),
    ):
        if word in line.lower():
            return kind
    return "other"


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.bench sync", description=__doc__)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.2, 1.0, 3.0], help="seconds a call")
    parser.add_argument("--runs", type=int, default=3, help="of each; the median is told")
    parser.add_argument("--json", type=Path, help="write the results here, too")
    arguments = parser.parse_args(given)

    async def work(_: Supervisor, settings: Settings) -> int:
        return await bench(settings, arguments)

    return on_scratch_machine(work, "bench")


async def bench(settings: Settings, arguments: argparse.Namespace) -> int:
    [clinic, *_] = await Sandbox(settings.idexx_base_url).clinics()
    results = await measure(settings, clinic.slug, arguments.latency, arguments.runs)
    memory = memory_by_kind()
    print("memory (PSS): " + ", ".join(f"{kind} {mib:.0f} MiB" for kind, mib in sorted(memory.items())))
    if arguments.json:
        rows = [asdict(result) | {"ratio": result.ratio} for result in results]
        arguments.json.write_text(json.dumps({"results": rows, "memory_mib": memory}, indent=1))
    return 0
