"""Kills processes at random moments while clinics sync: `python -m ops.faults.chaos --seed 1`.

Every process is real and on this machine, under the supervisor of `idexx-sync up`. In each round both clinics of
the sandbox change and are synced for 14 days, while something is killed with SIGKILL: a DateScraper, the
Reconciler, the Coordinator, the gateway, nats-server, PostgreSQL, or all of them at once; in about every third
round the notifier as well. Afterwards every accepted sync must have ended, exactly once; its events must be in the
stream, in order and without a gap; its webhook, whose receiver fails at times, must have received its end as one
delivery; and PostgreSQL must equal the portal, field by field. The same seed kills the same processes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from actors.settings import Settings
from ops.faults.invariants import Invariants, run_rounds
from ops.faults.webhook_receiver import QUICK_RETRIES, Listener, listening
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox
from ops.terminal.encoding import use_stand_ins

VICTIMS = ("scraper-1", "scraper-2", "reconciler", "coordinator", "gateway", "nats-server", "postgres")

#: The share of rounds in which the notifier is killed in addition to the other process.
NOTIFIER_DIES = 0.3


class Chaos:
    """A chaos run. `aside` decides about the notifier, so that `rng` gives the same other decisions as
    before."""

    def __init__(
        self,
        supervisor: Supervisor,
        invariants: Invariants,
        listener: Listener,
        rng: random.Random,
        aside: random.Random,
    ) -> None:
        self._supervisor = supervisor
        self._invariants = invariants
        self._listener = listener
        self._rng = rng
        self._aside = aside

    async def round(self, number: int) -> None:
        syncs = await self._invariants.start_syncs()
        victims, after = self._victims(), self._rng.uniform(0.0, 5.0)
        print(f"round {number}: {', '.join(victims)} killed after {after:.1f} s", end="", flush=True)
        await asyncio.sleep(after)
        for victim in victims:
            self._kill(victim)
        kept = asyncio.create_task(self._invariants.kept(syncs))
        if self._aside.random() < NOTIFIER_DIES:
            await asyncio.sleep(self._aside.uniform(0.0, 5.0))
            self._kill("notifier")
        await kept
        await self._listener.await_deliveries(syncs)

    def _victims(self) -> Sequence[str]:
        kind = self._rng.randrange(len(VICTIMS) + 1)
        return VICTIMS if kind == len(VICTIMS) else (VICTIMS[kind],)

    def _kill(self, name: str) -> None:
        """Kills the process and its children, as a crash of the machine would."""
        if pid := self._supervisor.pid(name):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


async def chaos(supervisor: Supervisor, settings: Settings, seed: int, rounds: int) -> int:
    sandbox = Sandbox(settings.idexx_base_url)
    await sandbox.fault_settings(latency_ms=300)
    slugs = [clinic.slug for clinic in await sandbox.clinics()]
    rng, aside = random.Random(seed), random.Random(f"{seed}/webhooks")  # noqa: S311 (repeatable, not secret)
    async with listening(settings, slugs, aside) as listener:
        run = Chaos(supervisor, Invariants(settings, rng), listener, rng, aside)
        return await run_rounds(run.round, seed, rounds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.faults.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()

    async def work(supervisor: Supervisor, settings: Settings) -> int:
        return await chaos(supervisor, settings, arguments.seed, arguments.rounds)

    return on_scratch_machine(
        work,
        "chaos",
        ACK_WAIT_MS="3000",
        WEBHOOK_PRIVATE_NETWORKS="127.0.0.0/8",
        WEBHOOK_TIMEOUT_MS="2000",
        WEBHOOK_RETRY_SECONDS=QUICK_RETRIES,
    )


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(main())
