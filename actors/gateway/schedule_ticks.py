"""Turns each schedule tick into a sync: one gateway takes it, admits it, and acks after the commit.

A repeated tick makes the same sync, since its request id is made from the clinic and the time of the tick. A tick
makes no sync if a queued or running sync of the clinic covers the same dates. A refused tick is recorded and
acked; the next one has its own chance. A tick that fails because a server is unreachable is delivered again, until
a newer one replaces it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.gateway.admission import AdmissionControl
from actors.gateway.rejections import Rejections
from actors.observability import error_reports
from actors.requests import SyncCommand
from broker.primitives.cron_clock import CronClock, Tick, can_keep_schedules
from engine.clinic import Clinic
from engine.errors import EngineError, Unavailable, UnknownClinic
from engine.store.clinics import find_clinic
from engine.store.database import Connection, Database
from engine.store.schedules import ClinicSchedule, Outcome, find_schedule, record_tick
from engine.store.syncs.admission import Admission, find_covering, lock_clinic_row
from engine.store.syncs.reading import database_time
from engine.sync import SyncStatus

log = structlog.get_logger(__name__)

#: Delay before a tick that cannot be carried out is delivered again, in seconds.
RETRY_AFTER = 5.0
#: Tries of a tick that fails with an unexpected error.
MAX_TRIES = 5
#: Pause after an unreachable clock, and between checks of a server that supports no schedules. Seconds.
PAUSE, LONG_PAUSE = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class TickOutcome:
    """What a tick led to. `admission` is None if the sync `sync_id` covers the tick."""

    outcome: Outcome
    clinic: Clinic
    sync_id: UUID
    admission: Admission | None = None


class TickConsumer:
    def __init__(
        self, database: Database, clock: CronClock, admission: AdmissionControl, rejections: Rejections
    ) -> None:
        self._database = database
        self._clock = clock
        self._admission = admission
        self._rejections = rejections

    async def run(self) -> None:
        """Takes one tick after the other until it is cancelled."""
        while True:
            try:
                if can_keep_schedules(await self._clock.client()):
                    await self._take_ticks()
                else:
                    await asyncio.sleep(LONG_PAUSE)
            except (BrokerConnectionError, Unavailable) as error:
                log.debug("schedule_stream_unreachable", error=str(error))
            except Exception as error:
                log.exception("reading_ticks_failed")
                error_reports.report(error, duty="ticks")
            await asyncio.sleep(PAUSE)

    async def _take_ticks(self) -> None:
        source = await self._clock.ticks()
        try:
            while True:
                if (tick := await source.take()) is not None:
                    await self.handle(tick)
        finally:
            await source.close()

    async def handle(self, tick: Tick) -> None:
        """Carries the tick out and acks it, or has it delivered again. Raises `BrokerConnectionError`."""
        try:
            carried = await self._carry_out(tick)
        except Unavailable as error:
            log.warning("scheduled_sync_postponed", clinic=tick.key, error=error.message, retry_after=RETRY_AFTER)
            await tick.retry(RETRY_AFTER)
            return
        except EngineError as error:
            await self._refuse(tick, error)
        except Exception as error:
            log.exception("scheduled_sync_failed", clinic=tick.key, tries=tick.deliveries)
            error_reports.report(error, clinic=tick.key, duty="due sync")
            if tick.deliveries < MAX_TRIES:
                await tick.retry(RETRY_AFTER)
                return
        else:
            if carried is not None and carried.admission is not None:
                await self._admission.set_going(carried.clinic, carried.admission)
        await tick.ack()

    async def _carry_out(self, tick: Tick) -> TickOutcome | None:
        """Admits the tick's sync. None: the clinic has no schedule any more, or it is paused."""
        await self._admission.check_room()
        async with self._database.transaction() as connection:
            clinic = await find_clinic(connection, tick.key)
            schedule = await find_schedule(connection, clinic)
            if schedule is None or schedule.paused:
                log.info("tick_dropped", clinic=clinic.slug, reason="paused" if schedule else "no schedule")
                return None
            carried = await self._admit(connection, clinic, schedule, tick)
            await record_tick(connection, clinic.slug, tick.at, carried.outcome, carried.sync_id)
        log.info(
            "scheduled_sync_requested", clinic=clinic.slug, outcome=carried.outcome, sync_id=str(carried.sync_id)
        )
        return carried

    async def _admit(
        self, connection: Connection, clinic: Clinic, schedule: ClinicSchedule, tick: Tick
    ) -> TickOutcome:
        command = SyncCommand(
            days_ahead=schedule.days_ahead, request_id=f"schedule/{tick.at.isoformat(timespec='microseconds')}"
        )
        dates = command.dates(clinic.today(await database_time(connection)))
        # Lock before the look-up, so no other gateway admits a sync in between.
        await lock_clinic_row(connection, clinic.id)
        covering = await find_covering(connection, clinic.id, dates, command.request_id)
        if covering is not None:
            return TickOutcome("covered", clinic, covering)
        admission = await self._admission.admit(connection, clinic, command)
        outcome: Outcome = "queued" if admission.status is SyncStatus.QUEUED else "started"
        return TickOutcome(outcome, clinic, admission.sync_id, admission)

    async def _refuse(self, tick: Tick, error: EngineError) -> None:
        log.warning("scheduled_sync_refused", clinic=tick.key, reason=error.reason, error=error.message)
        if isinstance(error, UnknownClinic):
            return  # the clinic was removed, so the rejection has no recipient
        await self._rejections.publish(tick.key, error)
        async with self._database.transaction() as connection:
            await record_tick(connection, tick.key, tick.at, "refused", refusal=error.message)
