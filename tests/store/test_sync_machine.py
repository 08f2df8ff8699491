"""Random sequences of sync operations against the real store: requests, scrapes, failures, cancels, timeouts;
messages that arrive twice, late or in any order; crashes between commit, send and ack. Every sync must end exactly
once."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from engine.clinic import Clinic
from engine.config_reading import ConfigReading
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.dispatch import in_flight
from engine.errors import QueueFull, WrongState
from engine.failure import Failure, Reason
from engine.removals import RemovalLimit
from engine.schedule import ScheduleConfig
from engine.snapshot import Proof, Snapshot
from engine.steps.cancel import cancel
from engine.steps.coordinate import coordinate
from engine.steps.give_up import give_up_dates
from engine.steps.reconcile import reconcile_date
from engine.steps.scrape import ScrapeContext, scrape_dates
from engine.store.clinics import add_clinic, set_credentials
from engine.store.database import Database
from engine.store.syncs.admission import admit, need_attention
from engine.store.syncs.claims import Claim
from engine.store.syncs.dates import dates_of
from engine.store.syncs.events import events_after
from engine.store.syncs.reading import list_syncs
from engine.store.vault import Vault, new_ring
from engine.sync import Limits, SyncRequest, SyncStatus
from tests.store.test_syncs import TODAY, _appointment

#: A worker that stopped is given up at once: time is not a part of this test.
LIMITS = Limits(
    concurrent_syncs=2, queued_syncs=3, calls_in_flight=2, span_days=2, date_silent_after=0.0, resend_after=0.0
)
FENCE = RemovalLimit(20, 30.0)
LAST = {"completed", "failed", "cancelled", "timed_out"}
_numbers = itertools.count()

Message = tuple[Any, ...]
Fate = st.sampled_from(["done", "done", "done", "dies before it sends", "dies before it acks"])
Look = st.sampled_from(["seen", "seen", "seen", "try again", "drift", "rejected", "dies"])


class Died(Exception):
    """The worker was killed while it asked the portal."""


class ModelPortal:
    """Returns the configured results."""

    def __init__(self) -> None:
        self.look = "seen"

    async def scrape(
        self,
        clinic: Clinic,
        credentials: Credentials,
        dates: DateRange,
        *,
        clock: Callable[[], datetime],
        **_: Any,
    ) -> Mapping[date, Snapshot | Failure]:
        if self.look == "dies":
            raise Died
        return {day: self._answer(day, clock()) for day in dates}

    def _answer(self, day: date, now: datetime) -> Snapshot | Failure:
        match self.look:
            case "try again":
                return Failure(Reason.CONNECTION_LOST, "cut")
            case "drift":
                return Failure(Reason.PORTAL_CHANGED, "unknown field")
            case "rejected":
                return Failure(Reason.LOGIN_REJECTED, "wrong password")
        proof = Proof(200, "application/json", "array", 1, day, day)
        return Snapshot(day, now, (_appointment(day, f"{day}"),), proof)

    async def schedule_config(self, clinic: Clinic, credentials: Credentials) -> ConfigReading:
        return ConfigReading(ScheduleConfig(), "test")


@asynccontextmanager
async def hold(claims: Sequence[Claim]) -> AsyncIterator[None]:
    yield


class SyncMachine(RuleBasedStateMachine):
    runner: asyncio.Runner
    url: str

    syncs = Bundle("syncs")

    @initialize()
    def begin(self) -> None:
        self.mail: list[Message] = []
        self.run(self._open())

    async def _open(self) -> None:
        self.database = Database(self.url)
        vault = Vault.from_ring(new_ring())
        async with self.database.transaction() as connection:
            self.clinic = await add_clinic(connection, slug := f"c{next(_numbers)}", slug.upper(), "UTC")
            await set_credentials(connection, vault, self.clinic.id, Credentials("u", "p"))
        self.portal = ModelPortal()
        self.harness = ScrapeContext(
            self.database,
            self.portal,
            vault,
            "w",
            LIMITS,
            hold,
            random.Random(1).random,
            lambda _: None,  # type: ignore[arg-type]
        )

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @rule(target=syncs, days=st.integers(1, 4))
    def request(self, days: int) -> UUID | None:
        return self.run(self._request(days))

    async def _request(self, days: int) -> UUID | None:
        dates = DateRange(TODAY, TODAY + timedelta(days=days - 1))
        try:
            async with self.database.transaction() as connection:
                admission = await admit(connection, SyncRequest(self.clinic.id, dates), list(dates), LIMITS)
        except QueueFull:
            return None
        if admission.status is SyncStatus.IN_PROGRESS:
            self.mail.append(("coordinate", admission.sync_id))
        return admission.sync_id

    @rule(which=st.integers(0, 1000), fate=Fate, look=Look)
    def deliver(self, which: int, fate: str, look: str) -> None:
        """Any message next: there is no order that the actors may rely on."""
        if not self.mail:
            return
        message = self.mail.pop(which % len(self.mail))
        self.portal.look = look
        sent = self.run(self._handle(message))
        if fate != "dies before it sends":
            self.mail += sent
        if fate != "done" or (look == "dies" and message[0] == "scrape"):
            self.mail.append(message)

    @rule(which=st.integers(0, 1000))
    def repeat(self, which: int) -> None:
        if self.mail:
            self.mail.append(self.mail[which % len(self.mail)])

    @rule(sync=syncs)
    def cancel(self, sync: UUID | None) -> None:
        if sync is not None:
            self.run(self._cancel(sync))

    async def _cancel(self, sync: UUID) -> None:
        try:
            done = await cancel(self.database, self.clinic, sync, LIMITS, FENCE)
        except WrongState:
            return
        self.mail += [("coordinate", started) for started in done.started]

    @rule(sync=syncs)
    def time_is_up(self, sync: UUID | None) -> None:
        if sync is not None:
            self.run(
                self._execute(
                    "update schedule_syncs set deadline_at = now() where id = $1 and status = 'in_progress'", sync
                )
            )

    @rule(sync=syncs, offset=st.integers(0, 3))
    def message_is_given_up(self, sync: UUID | None, offset: int) -> None:
        if sync is not None:
            failure = Failure(Reason.DELIVERIES_EXHAUSTED, "given up")
            self.run(give_up_dates(self.database, sync, [TODAY + timedelta(days=offset)], failure))

    @rule()
    def sweep(self) -> None:
        self.run(self._sweep(silent_after=1e6))

    async def _sweep(self, silent_after: float) -> int:
        async with self.database.connection() as connection:
            found = await need_attention(connection, LIMITS, silent_after)
        for sync in found:
            self.mail += await self._handle(("coordinate", sync))
        return len(found)

    async def _handle(self, message: Message) -> list[Message]:
        """What an actor does, and the messages that it would send."""
        match message:
            case ("coordinate", sync):
                step = await coordinate(self.database, sync, LIMITS, FENCE)
                sent: list[Message] = [("coordinate", other) for other in step.started]
                sent += [("scrape", sync, span.first_date, span.days) for span in step.dispatch]
                sent += [("reconcile", sync, day) for day in step.reconcile]
                return sent + ([("coordinate", sync)] if step.look_again_after is not None else [])
            case ("scrape", sync, lead, days):
                try:
                    done = await scrape_dates(self.harness, sync, lead, days)
                except Died:
                    return []
                sent = [("reconcile", sync, day) for day in done.reconcile]
                sent += [("coordinate", sync)] if done.coordinate else []
                return sent + ([message] if done.retry_later else [])
            case ("reconcile", sync, day):
                closed = await reconcile_date(self.database, sync, day)
                return [("coordinate", sync)] if closed is not None and closed.is_last else []
        raise AssertionError(message)

    @invariant()
    def limits_hold_and_every_story_is_whole(self) -> None:
        self.run(self._check())

    async def _check(self) -> None:
        async with self.database.connection() as connection:
            syncs = await list_syncs(connection, self.clinic.id, 1000)
            states = Counter(sync.status for sync in syncs)
            assert states[SyncStatus.IN_PROGRESS] <= LIMITS.concurrent_syncs
            assert states[SyncStatus.QUEUED] <= LIMITS.queued_syncs
            for sync in syncs:
                dates = await dates_of(connection, sync.id)
                assert len(in_flight(dates)) <= LIMITS.calls_in_flight
                events = await events_after(connection, sync.id, 0)
                names = [event["event"] for event in events]
                assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
                assert names[0] == "accepted"
                assert sum(name in LAST for name in names) == sync.status.is_final
                assert not sync.status.is_final or names[-1] == sync.status
                assert not sync.status.is_final or all(state.status.is_closed for state in dates)
                progress = [event["progress_percentage"] for event in events]
                assert progress == sorted(progress)

    def teardown(self) -> None:
        """No more faults: messages arrive, retries are due, a sweep runs; so every sync ends."""
        if not hasattr(self, "mail"):
            return
        self.portal.look = "seen"
        self.run(self._settle())

    async def _settle(self) -> None:
        for _ in range(200):
            await self._execute(
                "update idexx_sync.schedule_sync_dates set next_try_at = now() where next_try_at is not null"
            )
            self.mail = list(dict.fromkeys(self.mail))
            for message in self.mail[:]:
                self.mail.remove(message)
                self.mail += await self._handle(message)
            if not await self._sweep(silent_after=0.0):
                break
        async with self.database.connection() as connection:
            open_syncs = [s for s in await list_syncs(connection, self.clinic.id, 1000) if not s.status.is_final]
        assert not open_syncs
        await self._check()
        await self.database.close()

    async def _execute(self, statement: str, *values: object) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, *values)


@pytest.fixture
def fresh_url(postgres_url: str) -> Iterator[str]:
    name = f"m{next(_numbers)}{random.randrange(10**9)}"

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute(f"create database {name} template migrated strategy file_copy"))
    yield postgres_url.replace("/postgres?", f"/{name}?")
    asyncio.run(execute(f"drop database {name} with (force)"))


def test_whatever_happens_every_sync_ends_once(fresh_url: str) -> None:
    with asyncio.Runner() as runner:
        SyncMachine.runner, SyncMachine.url = runner, fresh_url
        run_state_machine_as_test(
            SyncMachine,
            settings=settings(
                max_examples=20,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            ),
        )
