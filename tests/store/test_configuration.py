"""The configuration of a clinic: read once in a sync, kept part by part, and nothing offered that was not read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from engine.clinic import Clinic
from engine.config_reading import ConfigReading, Problem
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.failure import Failure, Reason
from engine.portal.doubts import spans
from engine.removals import RemovalLimit
from engine.schedule import Room, ScheduleConfig, same_hours
from engine.snapshot import Proof, Snapshot
from engine.steps.coordinate import coordinate
from engine.steps.reconcile import reconcile_date
from engine.steps.scrape import ScrapeContext, scrape_dates
from engine.store.clinics import add_clinic, find_clinic, set_credentials
from engine.store.database import Database
from engine.store.offer.rules import change_rules
from engine.store.reconciling import load_stored_config
from engine.store.syncs.admission import admit
from engine.store.syncs.claims import Claim
from engine.store.syncs.reading import get_sync
from engine.store.vault import Vault, new_ring
from engine.sync import Limits, Sync, SyncRequest, SyncStatus

pytestmark = pytest.mark.anyio

MONDAY = date(2026, 3, 2)
DATES = DateRange(MONDAY, MONDAY + timedelta(days=6))
ROOMS = (Room("1", "Exam 1"), Room("2", "Exam 2"))
HOURS = same_hours(range(1, 6), 600, 1200)
WHOLE = ConfigReading(ScheduleConfig(HOURS, 60, ROOMS), "getAppointmentView")
LOST = Failure(Reason.PORTAL_UNAVAILABLE, "the portal returned 500")
NO_HOURS = replace(
    WHOLE,
    config=replace(WHOLE.config, hours=None),
    problems=(Problem("businessHours", "businessHours is missing (unknown names: times)", is_missing=True),),
)


@dataclass
class Source:
    """A portal without appointments: each configuration call takes the next answer, the last one again and again."""

    responses: list[ConfigReading | Failure]
    failing: set[date] = field(default_factory=set)
    asked: int = 0

    async def scrape(
        self,
        clinic: Clinic,
        credentials: Credentials,
        dates: DateRange,
        *,
        clock: Callable[[], datetime],
        **_: Any,
    ) -> Mapping[date, Snapshot | Failure]:
        failing, self.failing = self.failing, set()
        proof = Proof(200, "application/json", "array", 0, dates.start, dates.end)
        return {day: LOST if day in failing else Snapshot(day, clock(), (), proof) for day in dates}

    async def schedule_config(self, clinic: Clinic, credentials: Credentials) -> ConfigReading | Failure:
        self.asked += 1
        return self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]


@asynccontextmanager
async def hold(claims: Sequence[Claim]) -> AsyncIterator[None]:
    yield


class Trial:
    """A clinic whose syncs are run here, step by step, with no other worker."""

    def __init__(self, database: Database, clinic: Clinic, harness: ScrapeContext) -> None:
        self.database, self.clinic, self.harness = database, clinic, harness

    async def sync(self, source: Source) -> Sync:
        harness = replace(self.harness, portal=source)  # type: ignore[arg-type]
        limits, removal_limit = harness.limits, RemovalLimit(20, 100.0)
        async with self.database.transaction() as connection:
            request = SyncRequest(self.clinic.id, DATES)
            sync_id = (await admit(connection, request, list(DATES), limits)).sync_id
        for _ in range(50):
            step = await coordinate(self.database, sync_id, limits, removal_limit)
            for span in step.dispatch:
                done = await scrape_dates(harness, sync_id, span.first_date, span.days)
                for day in done.reconcile:
                    await reconcile_date(self.database, sync_id, day)
            async with self.database.transaction() as connection:
                # A date that waits for its next try is due at once.
                await connection.execute("update idexx_sync.schedule_sync_dates set next_try_at = null")
                sync = await get_sync(connection, sync_id)
            if sync.status.is_final:
                return sync
        raise AssertionError("the sync did not end")

    async def offered(self) -> list[str]:
        """The open slots, as `2 09:00 x2` for two places on a Tuesday."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "select extract(dow from date)::int as dow, start_time, capacity from schedule_slots"
                " where clinic_id = $1 and not is_closed order by date, start_time",
                self.clinic.id,
            )
        return [f"{row['dow']} {row['start_time']:%H:%M} x{row['capacity']}" for row in rows]

    async def warnings_after(self, source: Source) -> list[tuple[str, str]]:
        """The warnings of a sync, which completes."""
        sync = await self.sync(source)
        assert sync.status is SyncStatus.COMPLETED
        return [
            (warning.code, warning.message)
            for warning in sync.warnings
            if warning.code.startswith("configuration")
        ]


@pytest.fixture
async def trial(database_url: str) -> AsyncIterator[Trial]:
    database, vault = Database(database_url), Vault.from_ring(new_ring())
    async with database.transaction() as connection:
        clinic = await add_clinic(connection, "elm-street", "Elm Street", "America/Chicago")
        await set_credentials(connection, vault, clinic.id, Credentials("user", "password"))
    harness = ScrapeContext(
        database, None, vault, "worker", Limits(config_max_age=0.0), hold, lambda: 0.5, lambda _: None
    )  # type: ignore[arg-type,return-value]
    yield Trial(database, clinic, harness)
    await database.close()


async def test_a_new_clinic_whose_configuration_fails_offers_nothing_and_says_so(trial: Trial) -> None:
    source = Source([LOST])
    assert await trial.warnings_after(source) == [
        (
            "configuration_not_read",
            "portal_unavailable: the portal returned 500"
            " (no slots are offered without opening hours, a slot interval, columns)",
        )
    ]
    assert await trial.offered() == []
    assert source.asked == 1


@pytest.mark.parametrize("part", ["hours", "slot_minutes", "rooms"])
async def test_nothing_is_offered_without_a_part_that_a_slot_follows_from(trial: Trial, part: str) -> None:
    await trial.sync(Source([replace(WHOLE, config=replace(WHOLE.config, **{part: None}))]))
    assert await trial.offered() == []
    await trial.sync(Source([WHOLE]))
    assert len(await trial.offered()) == 5 * 10


async def test_columns_that_a_person_chose_need_not_be_named_by_the_portal(trial: Trial) -> None:
    nameless = replace(
        WHOLE,
        config=replace(WHOLE.config, rooms=None),
        problems=(Problem("appointmentRooms", "appointmentRooms is missing", is_missing=True),),
    )
    assert await trial.warnings_after(Source([nameless])) == [
        ("configuration_not_read", "appointmentRooms is missing (no slots are offered without columns)")
    ]
    async with trial.database.transaction() as connection:
        chosen = ("1", "2", "3")
        await change_rules(connection, trial.clinic.id, lambda rules: replace(rules, columns=chosen), "a person")
    assert await trial.warnings_after(Source([nameless])) == []
    assert set(await trial.offered()) == {f"{day} {hour}:00 x3" for day in range(1, 6) for hour in range(10, 20)}


async def test_an_answer_without_hours_keeps_the_known_ones(trial: Trial) -> None:
    assert await trial.warnings_after(Source([WHOLE])) == []
    before = await trial.offered()
    assert await trial.warnings_after(Source([NO_HOURS])) == [
        (
            "configuration_not_read",
            "businessHours is missing (unknown names: times) (the stored values stay in use)",
        )
    ]
    assert await trial.offered() == before
    assert await trial.warnings_after(Source([LOST])) == [
        (
            "configuration_not_read",
            "portal_unavailable: the portal returned 500 (the stored values stay in use)",
        )
    ]
    assert await trial.offered() == before


async def test_a_fallback_does_not_replace_what_the_better_call_gave(trial: Trial) -> None:
    coarse = ConfigReading(ScheduleConfig(same_hours(range(7), 480, 1080), 15, ROOMS), "getScheduleConfigs")
    fallback = replace(coarse, is_fallback=True)
    await trial.sync(Source([fallback]))
    assert len(await trial.offered()) == 7 * 40, "better than nothing"
    await trial.sync(Source([WHOLE]))
    await trial.sync(Source([fallback]))
    assert len(await trial.offered()) == 5 * 10
    await trial.sync(Source([coarse]))
    assert len(await trial.offered()) == 7 * 40, "the portal lacks the better call"


async def test_slots_that_were_made_from_defaults_are_closed(trial: Trial) -> None:
    async with trial.database.transaction() as connection:
        await connection.execute(
            """
            insert into schedule_slots (clinic_id, date, start_time, end_time, capacity, starts_at, ends_at)
            select $1, $2::date + n, '08:00', '08:15', 2, ($2::date + n) + time '08:00', ($2::date + n) + time '08:15'
            from generate_series(0, 20) n
            """,
            trial.clinic.id,
            MONDAY,
        )
        await connection.execute(
            """
            insert into schedule_appointments
                (clinic_id, neo_appointment_id, date, start_time, end_time, status, sync_hash)
            values ($1, '1', $2, '08:00', '08:15', 'scheduled', 'x')
            """,
            trial.clinic.id,
            MONDAY + timedelta(days=20),
        )
    await trial.sync(Source([LOST]))
    assert await trial.offered() == []
    async with trial.database.connection() as connection:
        left = await connection.fetch("select date, capacity - booked_count, is_closed from schedule_slots")
    assert [tuple(row) for row in left] == [(MONDAY + timedelta(days=20), 0, True)], (
        "it is taken, so it stays, closed"
    )


async def test_the_configuration_is_asked_for_once_in_a_sync(trial: Trial) -> None:
    source = Source([WHOLE], failing=set(DATES))
    assert (await trial.sync(source)).status is SyncStatus.COMPLETED
    assert source.asked == 1, "the first date was tried twice"
    source = Source([LOST], failing={MONDAY + timedelta(days=3)})
    await trial.sync(source)
    assert source.asked == 1, "the calendar was read, so the failure is the configuration's own"


async def test_a_portal_that_fails_as_a_whole_is_asked_again_with_the_next_try(trial: Trial) -> None:
    source = Source([LOST, WHOLE], failing=set(DATES))
    assert await trial.warnings_after(source) == []
    assert source.asked == 2
    assert len(await trial.offered()) == 5 * 10


async def test_what_is_stored_is_what_was_read_and_the_old_columns_hold_the_envelope(
    trial: Trial, pool: asyncpg.Pool
) -> None:
    hours = (*same_hours([1], 480, 720), *same_hours([1], 780, 1080), *same_hours([5], 1200, 1560))
    await trial.sync(Source([replace(WHOLE, config=replace(WHOLE.config, hours=hours))]))
    async with trial.database.connection() as connection:
        stored = await load_stored_config(connection, trial.clinic.id)
        assert await find_clinic(connection, "elm-street") == trial.clinic
    assert (stored.config.hours, stored.config.rooms, stored.source) == (hours, ROOMS, "getAppointmentView")
    row = await pool.fetchrow(
        "select open_time::text, close_time::text, days_of_week from clinic_schedule_config where from_portal"
    )
    assert row is not None
    assert tuple(row) == ("00:00:00", "23:59:00", [1, 5, 6])
    assert [slot for slot in await trial.offered() if slot[0] in "156"] == [
        *(f"1 {hour:02}:00 x2" for hour in (8, 9, 10, 11, 13, 14, 15, 16, 17)),
        *(f"5 {hour:02}:00 x2" for hour in (20, 21, 22, 23)),
        *(f"6 {hour:02}:00 x2" for hour in (0, 1)),
    ]


async def test_a_complete_configuration_is_good_for_a_day_and_one_that_left_something_open_is_not(
    trial: Trial,
) -> None:
    trial.harness = replace(trial.harness, limits=Limits())
    source = Source([NO_HOURS, WHOLE])
    for asked in (1, 2, 2):
        await trial.sync(source)
        assert source.asked == asked
    async with trial.database.connection() as connection:
        await connection.execute("update schedule_syncs set started_at = started_at - interval '25 hours'")
    await trial.sync(source)
    assert source.asked == 3


class ShortSpans(Source):
    """A portal that answers three days in one call: what asks for more is divided."""

    def __init__(self) -> None:
        super().__init__([WHOLE])
        self.lengths: list[int] = []

    async def scrape(
        self,
        clinic: Clinic,
        credentials: Credentials,
        dates: DateRange,
        *,
        clock: Callable[[], datetime],
        **_: Any,
    ) -> Mapping[date, Snapshot | Failure]:
        self.lengths.append(len(dates))
        found = {}
        for part in spans(dates, 3):
            proof = Proof(200, "application/json", "array", 0, part.start, part.end)
            found |= {day: Snapshot(day, clock(), (), proof) for day in part}
        return found


async def test_the_days_of_one_call_are_learnt_and_tried_larger_later(trial: Trial) -> None:
    source = ShortSpans()
    for passed, lengths in (("0", [7]), ("0", [3, 3, 1]), ("25 hours", [6, 1]), ("3 days", [7])):
        async with trial.database.connection() as connection:
            await connection.execute(
                f"update idexx_sync.clinic_portals set span_learnt_at = span_learnt_at - interval '{passed}'"
            )
        source.lengths = []
        await trial.sync(source)
        assert sorted(source.lengths, reverse=True) == lengths
