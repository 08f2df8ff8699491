"""Duration of a 14-day sync, compared with the ideal and with the old system's method.

    python -m ops.bench sync [--latency 0.2 1 3] [--runs 3] [--ours]

The ideal is the minimum with the same settings: the sign-in (three calls in sequence), unless there is a session,
then as many rounds of one call as the spans of SCRAPE_SPAN_DAYS days need, SYNC_CONCURRENCY at once. Every process is
real and on this machine; the portal is the sandbox with added latency. Ours is measured from the request on NATS to
the event `completed`; the calls of each of our syncs are printed: the calendar's, and the configuration's, which is
read once a day. The old system's method (see `ops/bench/legacy_baseline.py`) runs against the same portal and the
same PostgreSQL, with one date at a time and with three; the kinds take turns. Before each run some appointments
change, so that each kind has changes to store. Memory is the proportional set size (PSS).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from actors.settings import Settings
from engine.clinic import Clinic
from engine.store.clinics import add_clinic
from ops.bench.legacy_baseline import OldWay, browser
from ops.bench.memory_use import pss_by_kind
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.bench.syncing import DAYS, forget_session, one_sync, rounds
from ops.client.connections import open_database, open_nats
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import LoggedRequest, Sandbox, SandboxClinic

SIGN_IN_CALLS = 3

#: The kinds of calls that read data.
DATA_CALLS = frozenset({"calendar", "config", "lookup"})

#: Appointments that are edited before each run.
EDITS = 20

COLD, WARM = "ours, signing in", "ours, signed in already"
SEQUENTIAL, THREE_AT_ONCE = "old way, one date after the other", "old way, three dates at once"
IDEAL_COLD, IDEAL_WARM = "ideal, signing in", "ideal, signed in already"

Run = Callable[[], Awaitable[float]]


def ideal(latency: float, settings: Settings, *, cold: bool) -> float:
    """Returns the ideal duration of a sync, in seconds."""
    return latency * (rounds(settings) + (SIGN_IN_CALLS if cold else 0))


@dataclass(frozen=True, slots=True)
class Measured:
    """Median seconds by latency and kind, and the median number of data calls of our kinds."""

    seconds: Mapping[float, Mapping[str, float]]
    calls: Mapping[str, float] = field(default_factory=dict)


async def data_calls(sandbox: Sandbox) -> list[LoggedRequest]:
    """Returns the calls for data since the log was cleared, without those of a sign-in."""
    return [call for call in await sandbox.request_log() if call.kind in DATA_CALLS]


async def measure(settings: Settings, options: argparse.Namespace) -> Measured:
    sandbox = Sandbox(settings.idexx_base_url)
    [account, *_] = await sandbox.clinics()
    medians = {}
    calls: dict[str, list[int]] = {COLD: [], WARM: []}
    async with AsyncExitStack() as stack:
        kinds = await _kinds(stack, settings, account)
        if options.ours:
            kinds = {name: kinds[name] for name in (COLD, WARM)}
        for run in kinds.values():  # warm-up
            await run()
        for latency in options.latency:
            await sandbox.fault_settings(latency_ms=latency * 1000)
            taken: dict[str, list[float]] = {name: [] for name in kinds}
            for number in range(options.runs):
                for name, run in kinds.items():
                    await sandbox.change(account.company_id, edit=EDITS, seed=number)
                    await sandbox.clear_request_log()
                    taken[name].append(await run())
                    said = f"{latency} s a call, run {number + 1}: {name} {taken[name][-1]:.2f} s"
                    if name in calls:
                        calls[name].append(len(await data_calls(sandbox)))
                        said += f", {calls[name][-1]} calls"
                    print(said, file=sys.stderr)
            medians[latency] = {name: statistics.median(times) for name, times in taken.items()}
    return Measured(medians, {name: statistics.median(counts) for name, counts in calls.items()})


async def _kinds(stack: AsyncExitStack, settings: Settings, account: SandboxClinic) -> Mapping[str, Run]:
    """Returns the kinds of run in order: our second kind uses the session that the first has created."""
    client = await stack.enter_async_context(open_nats(settings.need_nats_url()))
    connection = await stack.enter_async_context(open_database(settings.need_database_url()))
    clinic: Clinic = await add_clinic(connection, "old-way", "Old way", account.timezone, account.country)
    old = OldWay(await stack.enter_async_context(browser()), connection, settings.idexx_base_url, account, clinic)

    async def cold() -> float:
        await forget_session(settings, account.slug)
        return await one_sync(client, settings, account.slug)

    async def legacy_baseline(at_once: int) -> float:
        begun = time.monotonic()
        if not await old.sync(account.today, DAYS, at_once):
            raise SystemExit("the old system's method found no appointment: the baseline is broken")
        return time.monotonic() - begun

    return {
        COLD: cold,
        WARM: lambda: one_sync(client, settings, account.slug),
        SEQUENTIAL: lambda: legacy_baseline(1),
        THREE_AT_ONCE: lambda: legacy_baseline(3),
    }


def result_of(measured: Measured, settings: Settings, runs: int) -> Result:
    calls = f"a sync of {DAYS} days"
    figures = [Figure(calls, name, count, "calls") for name, count in measured.calls.items()]
    ratios: list[Ratio] = []
    for latency, seconds in measured.seconds.items():
        group = f"{latency:g} s a call"
        least = {cold: ideal(latency, settings, cold=cold) for cold in (True, False)}
        floors = {IDEAL_COLD: least[True], IDEAL_WARM: least[False]}
        figures += [Figure(group, name, value, "s") for name, value in (*seconds.items(), *floors.items())]
        # Below a second per call, the machine's own work outweighs the portal's latency.
        has_goal = latency >= 1
        ratios += [
            Ratio(
                f"{group}: {COLD} / ideal", seconds[COLD] / least[True], Better.LOWER, 1.15 if has_goal else None
            ),
            Ratio(
                f"{group}: {WARM} / ideal", seconds[WARM] / least[False], Better.LOWER, 1.3 if has_goal else None
            ),
        ]
        ratios += [
            Ratio(f"{group}: {name} / ours", seconds[name] / seconds[COLD], Better.HIGHER, 1.0)
            for name in (SEQUENTIAL, THREE_AT_ONCE)
            if name in seconds
        ]
    parameters = {
        "days": DAYS,
        "concurrency": settings.sync_concurrency,
        "span_days": settings.scrape_span_days,
        "runs": runs,
        "edits_before_a_run": EDITS,
    }
    return Result("sync", parameters, figures, ratios)


async def bench(settings: Settings, options: argparse.Namespace) -> int:
    measured = await measure(settings, options)
    memory = ", ".join(f"{kind} {mib:.0f} MiB" for kind, mib in sorted(pss_by_kind().items()))
    print(f"memory (PSS): {memory}", file=sys.stderr)
    return conclude(result_of(measured, settings, options.runs), options)


def _above_0(text: str) -> float:
    if not (latency := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text}: without latency there is no ideal; use for example 0.05")
    return latency


def main(given: Sequence[str]) -> int:
    parser = parser_of("sync", __doc__)
    parser.add_argument("--latency", type=_above_0, nargs="+", help="seconds per call (default 0.2 1 3)")
    parser.add_argument(
        "--runs", type=int, help="runs per latency and kind; the result is their median (default 3)"
    )
    parser.add_argument("--ours", action="store_true", help="leave out the old system's method")
    options = options_of(parser, given)
    options.latency = options.latency or ([0.2, 1.0] if options.quick else [0.2, 1.0, 3.0])
    options.runs = options.runs or (1 if options.quick else 3)

    async def work(_: Supervisor, settings: Settings) -> int:
        return await bench(settings, options)

    return on_scratch_machine(work, "bench")
