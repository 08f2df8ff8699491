"""A consumer of a fault run, as a program of its own: `python -m ops.faults.feed.consumer sqlite FOLDER CLINIC…`.

It follows appointments and offer of each clinic, one task and one transaction at a time for each. With
IDEXX_FEED_DEATHS it kills itself at some of the worst moments: before and after a commit. It knows nothing of
idexx-sync but the address of NATS.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any, cast

from idexx_feed import AppointmentBatch, Feed, FeedError, OfferBatch, OfferFeed, Unavailable

from ops.faults.feed import tables
from ops.faults.feed.stores import Execute, StoreModule

#: The exit status of a consumer that has done something wrong; with others it is started again.
WRONG = 3


async def write_appointments(
    execute: Execute, transaction: Any, clinic: str, batch: AppointmentBatch[Any]
) -> None:
    if batch.is_snapshot:
        await execute(transaction, tables.CLEAR_APPOINTMENTS, (clinic,))
    for one in batch.appointments:
        await execute(transaction, tables.DELETE_APPOINTMENT, (clinic, str(one.appointment_id)))
        await execute(transaction, tables.INSERT_APPOINTMENT, tables.appointment_row(clinic, one))
    for key in batch.removed:
        await execute(transaction, tables.DELETE_APPOINTMENT, (clinic, str(key)))


async def write_offer(execute: Execute, transaction: Any, clinic: str, batch: OfferBatch[Any]) -> None:
    if batch.is_snapshot:
        await execute(transaction, tables.CLEAR_STARTS, (clinic,))
    for one in batch.starts:
        await execute(transaction, tables.DELETE_START, (clinic, one.starts_at.isoformat()))
        await execute(transaction, tables.INSERT_START, tables.start_row(clinic, one))
    for key in batch.closed:
        await execute(transaction, tables.DELETE_START, (clinic, key.isoformat()))


async def follow(module: StoreModule, file: Path, clinic: str, feed_type: Any, write: Any) -> None:
    """Follows one feed; never returns."""
    async with module.opened(file) as (store, execute):
        prefix = os.environ.get("SUBJECT_PREFIX", "idexx")
        async with feed_type(os.environ["NATS_URL"], clinic, store=store, prefix=prefix, check_every=5.0) as feed:
            async for batch in feed:
                async with batch as transaction:
                    await write(execute, transaction, clinic, batch)
                    for change in batch.changes:
                        await execute(transaction, tables.INSERT_APPLIED, tables.applied_row(feed.name, change))
                    perhaps_die()
                perhaps_die()


def perhaps_die() -> None:
    if random.random() < float(os.environ.get("IDEXX_FEED_DEATHS", "0")):  # noqa: S311 (no secret)
        os.kill(os.getpid(), signal.SIGKILL)


async def run(kind: str, module: StoreModule, folder: Path, clinics: list[str]) -> None:
    async with asyncio.TaskGroup() as group:
        for clinic in clinics:
            for feed_type, write in ((Feed, write_appointments), (OfferFeed, write_offer)):
                file = folder / f"{clinic}.{feed_type.__name__}.{kind}.db"
                group.create_task(follow(module, file, clinic, feed_type, write))


def main() -> int:
    kind, folder, *clinics = sys.argv[1:]
    module = cast(StoreModule, importlib.import_module(f"ops.faults.feed.stores.{kind}"))
    status = 0
    try:
        asyncio.run(run(kind, module, Path(folder), clinics))
    except* (FeedError, module.INTEGRITY) as group:
        print(f"{kind}: {'; '.join(f'{type(e).__name__}: {e}' for e in group.exceptions)}", file=sys.stderr)
        status = 1 if all(isinstance(error, Unavailable) for error in group.exceptions) else WRONG
    return status


if __name__ == "__main__":
    sys.exit(main())
