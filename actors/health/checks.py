"""The checks that every process has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import nats.errors
import psutil
from nats.js.errors import APIError

from actors.health.nats_storage import require_storage
from actors.health.report import Check, Finding, Status
from actors.messages import Subjects
from actors.metrics import catalogue, files
from actors.queues import QUEUES
from actors.settings import Settings
from broker import NatsBroker
from engine.store.database import Database
from engine.store.migrate import pending
from engine.store.monitoring import sync_figures
from engine.task_group import task_group

#: Memory from which on a process is too large, in bytes; as in the alert HighMemoryUsage.
MUCH_MEMORY = 500 * 10**6
#: Number of queued syncs above which there is a backlog; as in the alert QueueBacklog.
BACKLOG = 5
#: Share of its limit from which on a mailbox is nearly full; as in the alert MailboxAlmostFull.
NEARLY_FULL = 0.8
#: How long NATS may take to confirm a write, in seconds: less than a probe waits.
WRITE_WITHIN = 1.2


def checks_of(
    process: str,
    settings: Settings,
    broker: NatsBroker,
    database: Database,
    not_ready: Collection[str],
    metrics_folder: Path,
) -> Sequence[Check]:
    """`process` names it for people. `not_ready` always has what it still needs before it can take work."""
    checks = _Checks(process, settings, broker, database, not_ready, metrics_folder)
    return (
        Check("process", checks.process),
        Check("memory", checks.memory),
        Check("environment", checks.environment),
        Check("nats", checks.nats, needed=True),
        Check("database", checks.database, needed=True),
        Check("sync_queue", checks.sync_queue),
        Check("browser_pool", checks.browser_pool),
        Check("mailboxes", checks.mailboxes),
        Check("consumer", checks.consumer, needed=True),
    )


class _Checks:
    """The checks. They may hang, and may raise the errors of an unreachable server."""

    def __init__(
        self,
        process: str,
        settings: Settings,
        broker: NatsBroker,
        database: Database,
        not_ready: Collection[str],
        metrics_folder: Path,
    ) -> None:
        self._process = process
        self._settings = settings
        self._broker = broker
        self._database = database
        self._not_ready = not_ready
        self._folder = metrics_folder

    async def process(self) -> Finding:
        up = time.time() - psutil.Process().create_time()
        return Finding(Status.PASS, f"{self._process}, up {up:.0f} s")

    async def memory(self) -> Finding:
        used = psutil.Process().memory_info().rss
        status = Status.WARN if used > MUCH_MEMORY else Status.PASS
        return Finding(status, f"{used / 1e6:.0f} MB used; expected at most {MUCH_MEMORY / 1e6:.0f} MB")

    async def environment(self) -> Finding:
        """Finds missing settings without which the process could still start."""
        if self._settings.encryption_key is None:
            return Finding(Status.WARN, "ENCRYPTION_KEY is not set: no clinic's credentials can be decrypted")
        return Finding(Status.PASS, "all required settings are set")

    async def nats(self) -> Finding:
        """Checks whether JetStream responds and stores, and whether the event stream exists."""
        stream = Subjects(self._settings.subject_prefix).event_stream
        client = await self._broker.client()
        try:
            await client.jetstream().stream_info(stream)
        except (nats.errors.Error, APIError) as error:
            return Finding(Status.FAIL, f"the stream {stream} cannot be read: {error or type(error).__name__}")
        await require_storage(self._broker, WRITE_WITHIN)
        return Finding(Status.PASS, "JetStream responds and stores messages")

    async def database(self) -> Finding:
        async with self._database.connection() as connection:
            missing = await pending(connection)
        if missing:
            return Finding(Status.FAIL, f"not migrated ({', '.join(missing)}): run `idexx-sync migrate`")
        await self._database.require_writes()
        return Finding(Status.PASS, "PostgreSQL responds and accepts writes, and its tables are up to date")

    async def sync_queue(self) -> Finding:
        async with self._database.connection() as connection:
            found = await sync_figures(connection)
        text = f"{found.running} running, {found.queued} queued"
        if found.silence > self._settings.limits.stale_after:
            return Finding(Status.WARN, f"{text}; one has had no heartbeat for {found.silence:.0f} s")
        return Finding(Status.WARN if found.queued > BACKLOG else Status.PASS, text)

    async def browser_pool(self) -> Finding:
        found = await asyncio.to_thread(files.read, self._folder)
        values = {sample.name: sample.value for family in found for sample in family.samples}
        total = int(values.get(catalogue.BROWSERS.name, 0))
        if not total:
            return Finding(Status.PASS, "no DateScraper runs on this machine")
        in_use = int(values.get(catalogue.BROWSERS_IN_USE.name, 0))
        return Finding(Status.PASS, f"{in_use} of {total} browsers of this machine are in use")

    async def mailboxes(self) -> Finding:
        async with task_group() as group:
            asked = [group.create_task(self._broker.mailbox_async(queue)) for queue in QUEUES]
        boxes = [box.result() for box in asked]
        text = ", ".join(f"{box.queue} {box.messages}/{box.limit}" for box in boxes)
        if dead := sum(box.dead for box in boxes):
            text += f"; {dead} dead letters, see `idexx-sync dlq list`"
        full = any(box.limit and box.messages >= NEARLY_FULL * box.limit for box in boxes)
        return Finding(Status.WARN if full or dead else Status.PASS, text)

    async def consumer(self) -> Finding:
        """Checks whether the process takes messages, and whether its browser has been launched once."""
        if waits_for := sorted(self._not_ready):
            return Finding(Status.FAIL, f"not ready: waiting for {', '.join(waits_for)}")
        return Finding(Status.PASS, "ready")
