"""Many dates and many forced crashes: `python -m ops.faults.browser_soak --dates 500 --crashes 20 --seed 1`.

One portal client with one browser reads dates from its own sandbox; each date signs in, because signing in uses the
browser. At random moments the browser or its driver is killed, or the scrape is cancelled; the date is then
requested again, as the scrape step does. Exits with 1 if a date was wrong, if a process or profile of a browser is
left, or if memory grew beyond its limits: this process by `GROWTH_MIB`, a browser with its driver beyond
`BrowserLimits.memory_mib`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import psutil

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.failure import Failure, Reason
from engine.portal import BrowserLimits, Portal, PortalSettings, Refusal, Session, TimeLimits
from engine.snapshot import Snapshot
from ops.sandbox.client import SandboxClinic, SandboxProcess
from ops.terminal.encoding import use_stand_ins

#: How much this process may grow between the first and the last tenth of the dates. MiB.
GROWTH_MIB = 48

#: Concurrent dates, as in a DateScraper.
WIDTH = 3


class OneProcess:
    """The session store and rate limiter of a soak: not shared, and each session is returned only once."""

    def __init__(self) -> None:
        self._entries: dict[str, Session | Refusal] = {}
        self._lease = asyncio.Lock()

    async def get(self, clinic: str) -> Session | Refusal | None:
        return self._entries.pop(clinic, None)

    async def put(self, clinic: str, entry: Session | Refusal) -> None:
        self._entries[clinic] = entry

    async def drop(self, clinic: str, generation: str) -> None:
        if getattr(self._entries.get(clinic), "generation", None) == generation:
            del self._entries[clinic]

    async def update(self, clinic: str, session: Session) -> None:
        if getattr(self._entries.get(clinic), "generation", None) == session.generation:
            self._entries[clinic] = session

    def sign_in_lease(self, clinic: str) -> asyncio.Lock:  # noqa: ARG002
        return self._lease

    async def acquire(self, clinic: str) -> None: ...

    async def throttled(self, retry_after: float | None) -> None: ...

    async def succeeded(self) -> None: ...


@dataclass
class Soak:
    """A soak run. `outcomes` counts dates by result, and crashes by target."""

    portal: Portal
    sandbox: SandboxProcess
    account: SandboxClinic
    rng: Random
    outcomes: Counter[str] = field(default_factory=Counter)
    browser_mib: float = 0.0

    def __post_init__(self) -> None:
        account = self.account
        self._clinic = Clinic(uuid4(), account.slug, account.name, account.timezone, account.country)
        self._credentials = Credentials(account.username, account.password, account.company_id, "1")

    async def look(self, day: date) -> None:
        """Scrapes the day until the result is a snapshot, and compares it with the truth."""
        while True:
            found = await self._ask(day)
            if isinstance(found, Snapshot):
                break
            self.outcomes[found.reason if found else "cancelled"] += 1
            if found and found.reason is not Reason.BROWSER_CRASHED:
                return
        truth = await self.sandbox.truth(self.account.company_id, day, day)
        same = {a.neo_appointment_id for a in found.appointments} == {t["neo_appointment_id"] for t in truth}
        self.outcomes["right" if same else "wrong"] += 1
        if chromium := self.portal.browser.chromium:
            self.browser_mib = max(self.browser_mib, await chromium.memory_mib())

    async def _ask(self, day: date) -> Snapshot | Failure | None:
        scrape = asyncio.create_task(
            self.portal.scrape(self._clinic, self._credentials, DateRange(day, day)), name="scrape"
        )
        try:
            return (await scrape)[day]
        except asyncio.CancelledError:
            if scrape.cancelled():
                return None
            raise

    async def crash(self) -> None:
        """Causes one fault: kills or suspends a browser, kills its driver, or cancels a scrape."""
        what = self.rng.choice(("browser", "driver", "hang", "cancel"))
        chromium = self.portal.browser.chromium
        parts = chromium.processes() if chromium else []
        with contextlib.suppress(psutil.Error):
            if what == "cancel":
                scrapes = [task for task in asyncio.all_tasks() if task.get_name() == "scrape"]
                if scrapes:
                    self.rng.choice(scrapes).cancel()
            elif parts and chromium:
                victim = parts[-1] if what == "driver" else psutil.Process(chromium.pid)
                victim.suspend() if what == "hang" else victim.kill()
        self.outcomes[f"fault: {what}"] += 1


async def soak(dates: int, crashes: int, seed: int, folder: Path) -> int:
    """Runs the soak and returns the exit status. `folder` holds the browser profiles."""
    rng = Random(seed)  # noqa: S311
    today = date(2026, 1, 22)
    async with SandboxProcess(seed=seed, today=today) as sandbox:
        limits = BrowserLimits(contexts=150, memory_interval=1.0)
        settings = PortalSettings(base_url=sandbox.url, browser=limits, times=TimeLimits(browser_answer=3.0))
        alone = OneProcess()
        portal = Portal(settings, sessions=alone, budget=alone)
        await portal.start()
        run = Soak(portal, sandbox, (await sandbox.clinics())[0], rng)
        strikes = Counter(rng.randrange(dates // 10, dates) for _ in range(crashes))
        started, memory = time.monotonic(), [0.0]

        async def worker(numbers: list[int]) -> None:
            while numbers:
                number = numbers.pop(0)
                for _ in range(strikes[number]):
                    await run.crash()
                await run.look(today + timedelta(days=number % 60))
                if number == dates // 10:
                    memory[0] = own_mib()

        await sandbox.fault_settings(latency_ms=30)
        numbers = list(range(dates))
        await asyncio.gather(*[worker(numbers) for _ in range(WIDTH)])
        grown, launches = own_mib() - memory[0], portal.browser.launches
        await portal.close()
        left = browser_processes()
    lost = await asyncio.to_thread(lambda: [path.name for path in folder.iterdir()])
    print(f"{dates} dates, {crashes} faults, {time.monotonic() - started:.1f} s, {launches} browsers launched")
    print(", ".join(f"{what} {count}" for what, count in sorted(run.outcomes.items())))
    print(
        f"own memory grew by {grown:.1f} MiB (at most {GROWTH_MIB}); a browser took up to {run.browser_mib:.0f} MiB "
        f"(at most {limits.memory_mib}); processes left: {len(left)}; files left: {lost}"
    )
    bad = run.outcomes["right"] != dates or left or lost
    return 1 if bad or grown > GROWTH_MIB or run.browser_mib > limits.memory_mib else 0


def own_mib() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)


def browser_processes() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(word in process.name() for word in ("chrom", "node")):
                found.append(process)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.faults.browser_soak", description=__doc__)
    parser.add_argument("--dates", type=int, default=500)
    parser.add_argument("--crashes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idexx-soak-") as folder:
        os.environ["TMPDIR"] = folder
        return asyncio.run(soak(arguments.dates, arguments.crashes, arguments.seed, Path(folder)))


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(main())
