"""Keeps the NATS schedules equal to the table of schedules: each stored one ticks, and no other.

Level-based: it compares states and ignores what has just changed. Any number of gateways may run it at once.
"""

from __future__ import annotations

import structlog

from actors.messages import Subjects
from actors.observability.item_guard import ItemGuard
from actors.schedules.cron import Cron
from actors.settings import Settings
from broker import NatsBroker
from broker.primitives.cron_clock import CronClock, Schedule, ScheduleRefused, can_keep_schedules
from engine.clinic import check_zone
from engine.errors import BadRequest
from engine.store.database import Database
from engine.store.schedules import list_schedules, record_tick
from engine.store.syncs.reading import database_time

log = structlog.get_logger(__name__)

#: Time within which a change of the table reaches NATS, in seconds.
INTERVAL = 2.0


def clock_of(settings: Settings, broker: NatsBroker) -> CronClock:
    """The clock of this installation."""
    prefix = settings.subject_prefix
    return CronClock(broker.client, Subjects(prefix).schedule_stream, prefix, replicas=settings.nats_replicas)


class ScheduleReconciler:
    def __init__(self, database: Database, clock: CronClock) -> None:
        self._database = database
        self._clock = clock
        self._is_declared = False
        self._has_warned = False
        self._refused: dict[str, str] = {}
        self._guard = ItemGuard[Schedule]("schedule")

    async def once(self) -> None:
        if not await self._is_possible():
            return
        there = await self._clock.there() if self._is_declared else None
        if there is None:
            await self._clock.declare()
            self._is_declared = True
            there = await self._clock.there() or set()
        wanted = {schedule.token: schedule for schedule in await self._wanted()}
        # Drop first: a clinic never has two schedules that tick.
        if gone := there - wanted.keys():
            await self._clock.drop(gone)
            log.info("schedules_removed_from_nats", schedules=sorted(gone))
        await self._guard.each((wanted[token] for token in sorted(wanted.keys() - there)), self._put)

    async def _is_possible(self) -> bool:
        client = await self._clock.client()
        if can_keep_schedules(client):
            return True
        if not self._has_warned:
            log.warning(
                "schedules_not_supported",
                nats_server=str(client.connected_server_version),
                hint="idexx-sync doctor",
            )
            self._has_warned = True
        return False

    async def _wanted(self) -> list[Schedule]:
        async with self._database.connection() as connection:
            stored = await list_schedules(connection)
        found = []
        for one in stored:
            try:
                cron = Cron.parse(one.cron)
                check_zone(one.timezone)
            except BadRequest as error:  # written into the table by hand, or the clinic has no zone
                await self._refuse(one.clinic, error.message)
                continue
            if not one.paused:
                found.append(Schedule(one.clinic, cron.for_server, one.timezone))
        return found

    async def _put(self, schedule: Schedule) -> None:
        try:
            await self._clock.put(schedule)
        except ScheduleRefused as error:
            await self._refuse(schedule.key, error.message)
        else:
            self._refused.pop(schedule.key, None)
            log.info("schedule_published", clinic=schedule.key, cron=schedule.cron, timezone=schedule.timezone)

    async def _refuse(self, clinic: str, why: str) -> None:
        """Logs and records a refusal once, although each turn tries again; `clinic schedule show` shows it."""
        if self._refused.get(clinic) == why:
            return
        self._refused[clinic] = why
        log.warning("schedule_refused", clinic=clinic, error=why)
        async with self._database.transaction() as connection:
            await record_tick(connection, clinic, await database_time(connection), "refused", refusal=why)
