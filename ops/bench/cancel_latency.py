"""How fast a sync stops while calls to the portal hang for a minute: `python -m ops.bench cancel_latency`.

Measured from the cancel request, and from the sync's deadline, to the last dropped portal call (in the sandbox's
request log) and to the sync's last event. The goal is one second for each.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Any

from nats.aio.client import Client

from actors.messages import Subjects
from actors.settings import Settings
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.bench.syncing import DAYS, one_sync
from ops.client.connections import open_nats
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox

TIMEOUT_MS = 5000
RUNS = 5
WARM_UPS = 5

#: The name in results, as in earlier ones, so that `--check` can compare them.
NAME = "ends"

#: Seconds within which everything should end.
GOAL = 1.0

#: Seconds to the last dropped call, and to the last event.
Times = tuple[float, float]


async def measure(settings: Settings, runs: int) -> Mapping[str, Sequence[Times]]:
    """Returns the measured times by kind of end."""
    sandbox, subjects = Sandbox(settings.idexx_base_url), Subjects(settings.subject_prefix)
    [clinic, *_rest] = await sandbox.clinics()
    async with open_nats(settings.need_nats_url()) as client:
        await warm_up(client, settings, clinic.slug)
        await sandbox.fault_settings(latency_ms=60_000)

        async def cancel(sync_id: str) -> float:
            body = json.dumps({"sync_id": sync_id}).encode()
            asked = time.time()
            await client.request(subjects.command("cancel", clinic.slug), body, timeout=10)
            return asked

        async def wait_for_the_timeout(sync_id: str) -> float:
            started = (await status(client, subjects, clinic.slug, sync_id))["started_at"]
            return datetime.fromisoformat(started).timestamp() + TIMEOUT_MS / 1000

        return {
            name: [await one_end(client, subjects, sandbox, clinic.slug, end) for _ in range(runs)]
            for name, end in (("cancel", cancel), ("time-out", wait_for_the_timeout))
        }


async def warm_up(client: Client, settings: Settings, clinic: str) -> None:
    """Signs in. On a busy machine, the first sync may otherwise time out."""
    for tries_left in reversed(range(WARM_UPS)):
        try:
            await one_sync(client, settings, clinic, days=1)
            return
        except SystemExit:
            if not tries_left:
                raise


async def one_end(
    client: Client, subjects: Subjects, sandbox: Sandbox, clinic: str, end: Callable[[str], Awaitable[float]]
) -> Times:
    """Returns the seconds from the requested end to the last dropped call, and to the last event."""
    await sandbox.clear_request_log()
    body = json.dumps({"days_ahead": DAYS}).encode()
    reply = json.loads((await client.request(subjects.command("sync", clinic), body, timeout=10)).data)
    sync_id = reply["sync_id"]
    while len(await sandbox.request_log(kind="calendar")) < 3:
        await asyncio.sleep(0.02)
    asked = await end(sync_id)
    while (sync := await status(client, subjects, clinic, sync_id))["status"] == "in_progress":
        await asyncio.sleep(0.02)
    calls = await sandbox.request_log(kind="calendar")
    while any(call.gone_at is None for call in calls):
        await asyncio.sleep(0.02)
        calls = await sandbox.request_log(kind="calendar")
    ended = datetime.fromisoformat(sync["completed_at"]).timestamp()
    return max(call.gone_at or 0.0 for call in calls) - asked, ended - asked


async def status(client: Client, subjects: Subjects, clinic: str, sync_id: str) -> dict[str, Any]:
    body = json.dumps({"sync_id": sync_id}).encode()
    reply = json.loads((await client.request(subjects.command("status", clinic), body, timeout=10)).data)
    sync: dict[str, Any] = reply["sync"]
    return sync


def result_of(seen: Mapping[str, Sequence[Times]]) -> Result:
    """Builds the result. Compares the share of runs within the goal, because tenths of a second are noise."""
    figures, ratios = [], []
    for name, times in seen.items():
        for what, column in zip(("last call let go", "last event"), zip(*times, strict=True), strict=True):
            figures += [
                Figure(f"after a {name}", f"{what}, median", median(column), "s"),
                Figure(f"after a {name}", f"{what}, at most", max(column), "s"),
            ]
        kept = sum(max(pair) <= GOAL for pair in times) / len(times)
        # A ratio must be above 0, so 0 is replaced by a very small value.
        ratios.append(Ratio(f"{name}: ended within {GOAL:g} s / all", kept or 1e-3, Better.HIGHER, 1.0))
    return Result(NAME, {"timeout_ms": TIMEOUT_MS, "runs": len(next(iter(seen.values())))}, figures, ratios)


def main(given: Sequence[str]) -> int:
    options = options_of(parser_of("cancel_latency", __doc__), given)

    async def work(_: Supervisor, settings: Settings) -> int:
        return conclude(result_of(await measure(settings, 2 if options.quick else RUNS)), options)

    return on_scratch_machine(work, "cancel_latency", SYNC_TIMEOUT_MS=str(TIMEOUT_MS))
