"""Memory of a machine at rest, compared with how it was: `python -m ops.bench footprint`.

Private memory `--after` seconds (60) after the third sync, with the browsers still open and a pool of two: of one
scraper with its browser and driver, and of everything that `up` starts. It is compared with what this benchmark
measured before (`BEFORE`), and, in the same run, with a full browser (`--full PATH`; without one, the headless shell)
and a driver with the defaults of Node and malloc.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from actors.settings import Settings
from ops.bench.memory_use import browsers, use_by_kind
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.bench.syncing import one_sync
from ops.client.connections import open_nats
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox

SYNCS = 3
POOL_SIZE = 2
#: The processes of one scraper.
SCRAPER = ("scrapers", "chromium", "playwright driver")
#: Not part of the system.
NOT_OURS = ("sandbox",)
#: One scraper and everything, in MiB, with Debian's full Chromium: measured on 2026-12-01 at commit a50990f.
BEFORE = (233.0, 813.0)
#: The share of it that is left.
GOAL = 2 / 3
#: The defaults of Node and of malloc, in place of `engine.portal.driver.ENVIRONMENT`.
DEFAULTS = {"NODE_OPTIONS": "", "MALLOC_ARENA_MAX": "0", "MALLOC_MMAP_THRESHOLD_": "131072"}

FULL_NAMES = ("chromium", "chromium-browser", "google-chrome")


async def _measure(settings: Settings, after: float) -> Mapping[str, float]:
    """Private memory by kind of process, in MiB, once both browsers are open and have rested."""
    clinics = await Sandbox(settings.idexx_base_url).clinics()
    async with open_nats(settings.need_nats_url()) as client:
        for number in range(SYNCS):
            await one_sync(client, settings, clinics[number % len(clinics)].slug)
    await asyncio.sleep(after)
    if (count := browsers()) != POOL_SIZE:
        raise SystemExit(f"{count} browsers are open, not {POOL_SIZE}; nothing can be compared")
    return {kind: use.private for kind, use in use_by_kind().items()}


def _child(after: float) -> int:
    """Measures one machine, in a process of its own, and prints the figures as JSON."""

    async def work(_: Supervisor, settings: Settings) -> int:
        print(json.dumps(await _measure(settings, after)), flush=True)
        return 0

    return on_scratch_machine(
        work, "footprint", BROWSER_POOL_SIZE=str(POOL_SIZE), BROWSER_MAX_IDLE_MS="3600000", IDEXX_RATE_LIMIT="200"
    )


def _run(after: float, **environment: str) -> Mapping[str, float]:
    command = [sys.executable, "-m", "ops.bench", "footprint", "--child", "--after", str(after)]
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _scraper(found: Mapping[str, float]) -> float:
    return sum(found.get(kind, 0.0) for kind in SCRAPER) / POOL_SIZE


def _everything(found: Mapping[str, float]) -> float:
    return sum(value for kind, value in found.items() if kind not in NOT_OURS)


def result_of(found: Mapping[str, Mapping[str, float]], after: float) -> Result:
    figures = []
    for browser, memory in found.items():
        figures += [Figure(browser, kind, value, "MiB") for kind, value in memory.items()]
        figures.append(Figure(browser, "one scraper, browser and driver", _scraper(memory), "MiB"))
        figures.append(Figure(browser, "everything that `up` starts", _everything(memory), "MiB"))
    now, defaults = (found[name] for name in ("now", "defaults"))
    ratios = [
        Ratio("one scraper: now / before", _scraper(now) / BEFORE[0], Better.LOWER, GOAL),
        Ratio("everything: now / before", _everything(now) / BEFORE[1], Better.LOWER, GOAL),
        Ratio("one scraper: now / with defaults", _scraper(now) / _scraper(defaults), Better.LOWER),
        Ratio("everything: now / with defaults", _everything(now) / _everything(defaults), Better.LOWER),
    ]
    return Result("footprint", {"syncs": SYNCS, "browsers": POOL_SIZE, "after_s": after}, figures, ratios)


def _options(given: Sequence[str]) -> argparse.Namespace:
    parser = parser_of("footprint", __doc__)
    parser.add_argument("--after", type=float, help="seconds after the third sync (default 60)")
    parser.add_argument("--full", type=Path, help="the full browser to compare with (default: one on PATH)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = options_of(parser, given)
    options.after = options.after if options.after is not None else 2.0 if options.quick else 60.0
    return options


def main(given: Sequence[str]) -> int:
    options = _options(given)
    if options.child:
        return _child(options.after)
    full = options.full or next((Path(path) for name in FULL_NAMES if (path := shutil.which(name))), None)
    browser = {"BROWSER_KIND": "shell"} if full is None else {"BROWSER_KIND": "full", "CHROMIUM_PATH": str(full)}
    found = {
        "now": _run(options.after, BROWSER_KIND="shell"),
        "defaults": _run(options.after, **browser, **DEFAULTS),
    }
    return conclude(result_of(found, options.after), options)
