"""The command `python -m ops.faults.feed`."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

from actors.settings import Settings
from ops.faults import feed
from ops.faults.feed.chaos import FeedChaos
from ops.faults.invariants import Broken
from ops.local.supervision import Supervisor
from ops.local.temporary_machine import on_scratch_machine
from ops.sandbox.client import Sandbox
from ops.terminal.encoding import use_stand_ins


async def chaos(supervisor: Supervisor, settings: Settings, seed: int, minutes: float) -> int:
    sandbox = Sandbox(settings.idexx_base_url)
    slugs = [clinic.slug for clinic in await sandbox.clinics()]
    with tempfile.TemporaryDirectory(prefix="idexx-consumers-") as folder:
        run = FeedChaos(supervisor, settings, slugs, Path(folder), random.Random(seed))  # noqa: S311 (repeatable)
        await run.prepare()
        ends = time.monotonic() + minutes * 60
        failure: Exception | None = None
        try:
            async with asyncio.TaskGroup() as group:
                hunts = [group.create_task(consumer.run()) for consumer in run.consumers.values()]
                number = 0
                await run.begin()
                while not number or time.monotonic() < ends:
                    number += 1
                    await run.round(number)
                print(await run.check())
                for hunt in hunts:
                    hunt.cancel()
        except* (Broken, TimeoutError) as failed:
            failure = failed.exceptions[0]
    if failure is not None:
        print(f"\n✗ seed {seed}: {failure or 'a sync did not end in time'}")
        return 1
    print(f"✓ {number} rounds with seed {seed}: nothing lost, nothing applied twice")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.faults.feed", description=feed.__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    arguments = parser.parse_args()

    async def work(supervisor: Supervisor, settings: Settings) -> int:
        return await chaos(supervisor, settings, arguments.seed, arguments.minutes)

    return on_scratch_machine(work, "feed", ACK_WAIT_MS="3000")


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(main())
