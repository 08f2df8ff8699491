"""A random portal, looked at by random syncs, against the real tables.

Whatever moves (also on both days or on neither, for up to eight seconds, also while a sync takes its second look),
fails, comes late, comes twice or overlaps: syncs of a portal at rest end with its schedule; nothing is lost that the
portal still has; nothing stays on an old day where a good date shows it; slots are counted right; and the changes,
replayed, give the table.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import uuid
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from engine.appointment import FREES_SLOT, REFERENCES, Appointment
from engine.removals import RemovalLimit
from engine.schedule import Room, ScheduleConfig, same_hours
from engine.snapshot import Snapshot
from engine.store.reconciling import (
    apply_removals,
    approve_removals,
    plan_removals,
    reconciled_dates,
    refresh_slots,
    reject_removals,
    save_schedule_config,
)
from tests.store.harness import DAY0, Harness, appointment, on, seconds_of, snapshot
from tests.store.portal_model import HIDDEN, PortalModel, Transit

T = TypeVar("T")

DAYS = 4
SLOT = timedelta(minutes=15)
CONFIG = ScheduleConfig(
    same_hours(range(1, 7), 8 * 60, 18 * 60), SLOT.seconds // 60, (Room("room-1", "One"), Room("room-2", "Two"))
)
NO_FENCE = RemovalLimit(10**6, 100, 10**6)
TIGHT_FENCE = RemovalLimit(1, 10, 3, 80)

days = st.integers(0, DAYS - 1)
picks = st.integers(0, 99)

#: A move between two looks of a second look: of which appointment, to which day, and how it shows.
Restless = tuple[int, int, str | None]
restless = st.lists(st.tuples(picks, days, st.sampled_from([None, "both", "none"])), max_size=DAYS)
hours = st.sampled_from(["08:00", "09:30", "17:45", "23:30"])


def chosen(pick: int, things: Sequence[T]) -> T:
    return things[pick % len(things)]


class ReconcileMachine(RuleBasedStateMachine):
    runner: asyncio.Runner
    pool: asyncpg.Pool[Any]

    @initialize()
    def begin(self) -> None:
        self.portal = PortalModel()
        self.clock = 0.0
        self.keys = itertools.count()
        #: Syncs that run, with their dates that are still open; what was scraped and not applied; what was.
        self.open: dict[UUID, set[int]] = {}
        self.waiting: list[tuple[UUID, Snapshot]] = []
        self.applied: list[tuple[UUID, Snapshot]] = []
        self.started_at: dict[UUID, float] = {}
        self.syncs: list[UUID] = []
        self.harness: Harness = self.run(Harness.open(self.pool, ("room-1", "room-2")))

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    # The portal

    @rule(n=days, start=hours, minutes=st.sampled_from([0, 15, 45, 90]))
    def add(self, n: int, start: str, minutes: int) -> None:
        self.portal.put(appointment(next(self.keys), n, start, minutes), self.clock)

    @precondition(lambda self: self.portal.now)
    @rule(pick=picks, n=days, form=st.sampled_from([None, "both", "none"]))
    def move(self, pick: int, n: int, form: str | None) -> None:
        self.portal.move(chosen(pick, list(self.portal.now)), n, form, self.clock)

    @precondition(lambda self: self.portal.now)
    @rule(
        pick=picks,
        values=st.sampled_from(
            [{"notes": "a"}, {"notes": None}, {"room_id": "room-2"}, {"status": "cancelled"}, {"status": "odd"}]
        ),
    )
    def change(self, pick: int, values: dict[str, Any]) -> None:
        key = chosen(pick, list(self.portal.now))
        self.portal.now[key] = replace(self.portal.now[key], **values)

    @precondition(lambda self: self.portal.now)
    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        self.portal.delete(chosen(pick, list(self.portal.now)), self.clock)

    @precondition(lambda self: self.portal.deleted)
    @rule(pick=picks, n=days)
    def bring_back(self, pick: int, n: int) -> None:
        key = chosen(pick, list(self.portal.deleted))
        self.portal.put(on(self.portal.deleted[key], n), self.clock)

    @rule()
    def settle(self) -> None:
        self.portal.settle()

    @rule(seconds=st.sampled_from([0.5, 3.0, 9.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.clock += seconds
        self.portal.settle_in_time(self.clock)

    # The syncs

    @precondition(lambda self: len(self.open) < 3)
    @rule(first=days, length=st.integers(1, DAYS))
    def start(self, first: int, length: int) -> None:
        self._start(first, min(first + length, DAYS) - 1)

    def _start(self, first: int, last: int) -> UUID:
        sync: UUID = self.run(self.harness.start_sync(first, last))
        self.open[sync] = set(range(first, last + 1))
        self.started_at[sync] = self.clock
        self.syncs.append(sync)
        return sync

    @precondition(lambda self: any(self.open.values()))
    @rule(pick=picks, at_once=st.booleans())
    def look(self, pick: int, at_once: bool) -> None:
        sync, n = chosen(pick, [(sync, n) for sync, open_days in self.open.items() for n in sorted(open_days)])
        self.open[sync].discard(n)
        self._look(sync, n)
        if at_once:
            self.deliver(0, -1)

    def _look(self, sync: UUID, n: int) -> None:
        self.clock += 0.1
        self.portal.settle_in_time(self.clock)
        seen = snapshot(n, self.clock, self.portal.shows(n))
        self.run(self.harness.store(sync, seen))
        self.waiting.append((sync, seen))

    @precondition(lambda self: self.waiting)
    @rule(again=st.integers(0, 1), index=st.integers(0, 10))
    def deliver(self, again: int, index: int) -> None:
        """Applies one of the scrapes that wait, perhaps twice."""
        sync, seen = self.waiting.pop(index % len(self.waiting))
        for _ in range(1 + again):
            self.run(self.harness.reconcile(sync, seen))
        self.applied.append((sync, seen))

    @precondition(lambda self: self.applied)
    @rule(pick=picks)
    def repeat(self, pick: int) -> None:
        """A message comes once more, long after."""
        self.run(self.harness.reconcile(*chosen(pick, self.applied)))

    @precondition(lambda self: any(self.open.values()))
    @rule(pick=picks)
    def fail(self, pick: int) -> None:
        sync, n = chosen(pick, [(sync, n) for sync, open_days in self.open.items() for n in sorted(open_days)])
        self.open[sync].discard(n)
        self.run(self.harness.fail(sync, n))

    @precondition(lambda self: self.open)
    @rule(pick=picks, removal_limit=st.sampled_from([NO_FENCE, TIGHT_FENCE]), moves=restless)
    def end(self, pick: int, removal_limit: RemovalLimit, moves: list[Restless]) -> None:
        """The sync ends, after a second look if it asks for one, while appointments move."""
        sync = chosen(pick, list(self.open))
        for n in self.open.pop(sync):
            self.run(self.harness.fail(sync, n))
        for message in [message for message in self.waiting if message[0] == sync]:
            self.waiting.remove(message)
            self.run(self.harness.reconcile(*message))
        self._end(sync, removal_limit, moves)

    def _end(self, sync: UUID, removal_limit: RemovalLimit, moves: Sequence[Restless] = ()) -> bool:
        """The sync's end, after its second look; answers whether nothing was left for a later sync."""
        again = self.run(self.harness.verify_removals(sync, removal_limit))
        if again is not None:
            self._look_again(sync, again, moves)
        plan, kept = self.run(self._removing(sync, removal_limit))
        self._nothing_is_lost(sync, plan)
        self._what_a_good_date_shows_stands_there(sync)
        return kept

    def _look_again(self, sync: UUID, seconds: float, moves: Sequence[Restless]) -> None:
        self.clock = max(self.clock, seconds)
        moving = iter(moves)
        for looked_at in self.run(self._good_dates(sync)):
            self.clock += 0.5
            self.portal.settle_in_time(self.clock)
            if self.portal.now and (move := next(moving, None)):
                self.portal.move(chosen(move[0], list(self.portal.now)), *move[1:], self.clock)
            n = (looked_at - DAY0).days
            self.run(self.harness.scrape(sync, snapshot(n, self.clock, self.portal.shows(n))))

    async def _good_dates(self, sync: UUID) -> list[date]:
        async with self.pool.acquire() as connection:
            return await reconciled_dates(connection, sync)

    async def _removing(self, sync: UUID, removal_limit: RemovalLimit) -> tuple[dict[str, float], bool]:
        """What was removed, with when its absence began, and whether nothing else was missing."""
        async with self.pool.acquire() as connection, connection.transaction():
            plan = await plan_removals(connection, self.harness.clinic.id, sync, removal_limit.settle)
            await apply_removals(connection, self.harness.clinic.id, sync, plan, removal_limit)
            await save_schedule_config(connection, self.harness.clinic.id, CONFIG)
            await refresh_slots(connection, self.harness.clinic, self.harness.dates(0, DAYS - 1))
        known = await self.harness.stored()
        removed = [one for one in plan.missing if one.neo_appointment_id not in known]
        began = {one.neo_appointment_id: seconds_of(one.missing_since) for one in removed}
        return began, all(one in removed or one.is_held for one in plan.missing)

    def _nothing_is_lost(self, sync: UUID, removed: Mapping[str, float]) -> None:
        """What the portal has in the sync's range is removed only if it moved twice, hidden from each of two looks."""
        first, last = self.run(
            self.pool.fetchrow("select sync_start_date, sync_end_date from schedule_syncs where id = $1", sync)
        )
        for key, missing_since in removed.items():
            if key in self.portal.now and self.portal.moves_since(key, missing_since) <= 1:
                assert not first <= self.portal.now[key].date <= last, (
                    f"{key} was removed though the portal has it"
                )

    def _what_a_good_date_shows_stands_there(self, sync: UUID) -> None:
        """Also where other dates of the sync failed."""
        good, stored = self.run(self._good_dates(sync)), self.run(self.harness.stored())
        for key, row in stored.items():
            now = self.portal.now.get(key)
            if now and now.date in good and row.date in good and key not in self.portal.transits:
                is_settled = max(self.portal.moved_at[key]) + HIDDEN < self.started_at[sync]
                assert not is_settled or row.date == now.date, f"{key} stands on an old day"

    @precondition(lambda self: self.syncs)
    @rule(pick=picks, approve=st.booleans())
    def decide(self, pick: int, approve: bool) -> None:
        self.run(self._decide(chosen(pick, self.syncs), approve))

    async def _decide(self, sync: UUID, approve: bool) -> None:
        decision = approve_removals if approve else reject_removals
        async with self.pool.acquire() as connection, connection.transaction():
            await decision(connection, self.harness.clinic.id, sync)

    @rule(order=st.permutations(range(DAYS)))
    def complete_sync(self, order: list[int]) -> None:
        """Every date is looked at, the last moves settle meanwhile, and then the table is the portal's schedule."""
        moving = dict(self.portal.transits)
        known = self.run(self.harness.stored())
        # Where something went missing or came while the dates were read, the next sync decides.
        assert any(self._whole_sync(order) for _ in range(3))
        self.portal.settle()
        stored = self.run(self.harness.stored())
        for key, transit in moving.items():
            if transit.form == "both":  # shown at two places: either is right
                assert stored.pop(key) in (transit.old, self.portal.now[key])
            elif key not in known:  # never shown, so it cannot be known yet
                stored.pop(key, None)
        assert stored == {key: one for key, one in self.portal.now.items() if self._is_known(key, moving, known)}
        assert self.run(self._slot_counts()) == self._naive_counts(self.run(self.harness.stored()).values())

    def _whole_sync(self, order: Sequence[int]) -> bool:
        sync = self._start(0, DAYS - 1)
        self.open.pop(sync)
        for n in order:
            self._look(sync, n)
            self.deliver(0, -1)
        is_done = self._end(sync, NO_FENCE)
        self.run(self._decide(sync, approve=True))
        return is_done

    @staticmethod
    def _is_known(key: str, moving: Mapping[str, Transit], known: Container[str]) -> bool:
        return key not in moving or (moving[key].form == "none" and key in known)

    async def _slot_counts(self) -> dict[tuple[Any, Any], int]:
        rows = await self.pool.fetch("select * from schedule_slots where clinic_id = $1", self.harness.clinic.id)
        return {(row["date"], row["start_time"]): row["booked_count"] for row in rows}

    def _naive_counts(self, stored: Any) -> dict[tuple[Any, Any], int]:
        """The columns that are taken; one that is taken twice is one."""
        return {
            slot: len({one.room_id for one in stored if self._takes(one, slot)})
            for slot in self.run(self._slot_counts())
        }

    @staticmethod
    def _takes(one: Appointment, slot: tuple[Any, Any]) -> bool:
        starts = datetime.combine(*slot, UTC)
        ends = starts + SLOT
        if one.status in FREES_SLOT:
            return False
        if one.starts_at == one.ends_at:
            return starts <= one.starts_at < ends
        return one.starts_at < ends and one.ends_at > starts

    @invariant()
    def the_changes_replayed_give_the_table(self) -> None:
        assert self.run(self._replayed()) == self.run(self.harness.stored())

    async def _replayed(self) -> dict[str, Appointment]:
        rows = await self.pool.fetch(
            "select neo_appointment_id, kind, (after).* from idexx_sync.schedule_appointment_changes"
            " where clinic_id = $1 order by id",
            self.harness.clinic.id,
        )
        table: dict[str, Appointment] = {}
        for row in rows:
            values = {name: row[name] for name in Appointment.__dataclass_fields__ if name not in REFERENCES}
            if row["kind"] == "removed":
                del table[row["neo_appointment_id"]]
            else:
                assert (row["kind"] in ("added", "restored")) == (row["neo_appointment_id"] not in table)
                table[row["neo_appointment_id"]] = Appointment(**values)
        return table

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.portal.settle()
            self.complete_sync(list(range(DAYS)))


@pytest.fixture
def fresh_url(postgres_url: str) -> Iterator[str]:
    name = f"m{uuid.uuid4().hex[:12]}"

    async def execute(statement: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(execute(f"create database {name} template migrated strategy file_copy"))
    yield postgres_url.replace("/postgres?", f"/{name}?")
    asyncio.run(execute(f"drop database {name} with (force)"))


async def _open_pool(url: str) -> asyncpg.Pool[Any]:
    return await asyncpg.create_pool(url, min_size=1, max_size=2, server_settings={"synchronous_commit": "off"})


def test_a_complete_sync_ends_with_the_portals_schedule_whatever_happened_before(fresh_url: str) -> None:
    with asyncio.Runner() as runner:
        ReconcileMachine.runner, ReconcileMachine.pool = runner, runner.run(_open_pool(fresh_url))
        run_state_machine_as_test(
            ReconcileMachine,
            settings=settings(
                max_examples=int(os.environ.get("RECONCILE_EXAMPLES", "30")),
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(ReconcileMachine.pool.close())
