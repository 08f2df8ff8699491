"""A sync's life cycle in the database: admission, claims on dates, endings, and recorded events."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.appointment import Appointment
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.errors import QueueFull, UnknownClinic, UnknownSync, WrongState
from engine.failure import Failure, Reason
from engine.removals import RemovalLimit
from engine.snapshot import Proof, Snapshot
from engine.steps.cancel import cancel
from engine.steps.coordinate import Step, coordinate
from engine.steps.decide_removals import approve, reject
from engine.steps.give_up import give_up_dates
from engine.steps.reconcile import reconcile_date
from engine.store.clinics import remove_clinic
from engine.store.database import Database
from engine.store.syncs import claims
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.admission import Admission, admit, need_attention
from engine.store.syncs.claims import Claim
from engine.store.syncs.events import events_after
from engine.store.syncs.lifecycle import lock_sync
from engine.store.syncs.reading import get_sync
from engine.sync import DateStatus, Limits, Sync, SyncRequest, SyncStatus
from tests.store.waits import until_one_waits

pytestmark = pytest.mark.anyio

TODAY = date(2026, 3, 2)
LIMITS = Limits(span_days=1)
FENCE = RemovalLimit(settle=timedelta(0))


async def ask(
    database: Database, clinic: Clinic, days: int = 3, limits: Limits = LIMITS, **fields: Any
) -> Admission:
    dates = DateRange(TODAY, TODAY + timedelta(days=days - 1))
    async with database.transaction() as connection:
        return await admit(connection, SyncRequest(clinic.id, dates, **fields), list(dates), limits)


async def take(database: Database, sync_id: UUID, day: date, silent_after: float = 60.0) -> Claim:
    async with database.transaction() as connection:
        [claimed] = await claims.claim(connection, sync_id, day, [day], "worker", silent_after)
    return claimed


async def see(database: Database, clinic: Clinic, claim: Claim, *ids: str) -> bool:
    proof = Proof(200, "application/json", "array", len(ids), claim.date, claim.date)
    seen = Snapshot(claim.date, claim.claimed_at, tuple(_appointment(claim.date, key) for key in ids), proof)
    async with database.transaction() as connection:
        return bool(await claims.save_snapshots(connection, clinic.id, [claim], {claim.date: seen}))


def _appointment(day: date, key: str) -> Appointment:
    start = datetime.combine(day, time(15), UTC)
    return Appointment(key, day, time(9), time(9, 30), start, start + timedelta(minutes=30), patient_name="Rex")


async def step(database: Database, sync_id: UUID, limits: Limits = LIMITS) -> Step:
    return await coordinate(database, sync_id, limits, FENCE)


async def stored(database: Database, sync_id: UUID) -> Sync:
    async with database.connection() as connection:
        return await get_sync(connection, sync_id)


async def event_names(database: Database, sync_id: UUID) -> list[str]:
    """The names of the sync's events; their numbers have no gap."""
    async with database.connection() as connection:
        events = await events_after(connection, sync_id, 0)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    progress = [event["progress_percentage"] for event in events]
    assert progress == sorted(progress)
    return [event["event"] for event in events]


async def test_thirty_requests_at_once_two_run_ten_wait_eighteen_are_refused(
    database: Database, clinic: Clinic
) -> None:
    answers = await asyncio.gather(*(ask(database, clinic) for _ in range(30)), return_exceptions=True)
    kinds = Counter(a.status if isinstance(a, Admission) else type(a) for a in answers)
    assert kinds == {SyncStatus.IN_PROGRESS: 2, SyncStatus.QUEUED: 10, QueueFull: 18}
    waiting = [a.position for a in answers if isinstance(a, Admission) and a.status is SyncStatus.QUEUED]
    assert sorted(waiting) == list(range(1, 11))
    assert all(a.retry_after_ms for a in answers if isinstance(a, QueueFull))


async def test_the_same_request_id_is_the_same_sync(database: Database, clinic: Clinic) -> None:
    answers = await asyncio.gather(*(ask(database, clinic, request_id="monday") for _ in range(5)))
    assert len({a.sync_id for a in answers}) == 1
    assert sum(a.is_new for a in answers) == 1


async def test_a_sync_goes_from_accepted_to_completed(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic, days=4)).sync_id
    first = await step(database, sync_id)
    assert [span.first_date for span in first.dispatch] == [TODAY + timedelta(days=n) for n in range(3)]
    assert first.look_again_after is not None
    for n in range(4):
        claim = await take(database, sync_id, TODAY + timedelta(days=n))
        assert await see(database, clinic, claim, f"a{n}", f"b{n}")
        await reconcile_date(database, sync_id, claim.date)
        last = await step(database, sync_id)
    assert last.stop_workers
    sync = await stored(database, sync_id)
    assert (sync.status, sync.dates_done, sync.progress_percentage) == (SyncStatus.COMPLETED, 4, 100)
    assert sync.stats["appointments_added"] == 8
    assert await event_names(database, sync_id) == [
        "accepted",
        "started",
        *["date_started", "date_completed"] * 4,
        "completed",
    ]


async def test_a_step_repeated_after_a_crash_sends_the_same_messages(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    impatient = Limits(resend_after=0.0)
    first = await step(database, sync_id, impatient)
    again = await step(database, sync_id, impatient)
    assert list(first.dispatch) == list(again.dispatch)


async def test_a_scraped_date_whose_message_was_lost_is_sent_again(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic, days=1)).sync_id
    assert await see(database, clinic, await take(database, sync_id, TODAY), "a")
    assert not (await step(database, sync_id)).reconcile, "the Reconciler has its time"
    assert list((await step(database, sync_id, Limits(date_silent_after=0.0))).reconcile) == [TODAY]


async def test_of_two_workers_only_one_gets_a_date(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic)).sync_id

    async def claim(worker: str) -> list[Claim]:
        async with database.transaction() as connection:
            return await claims.claim(connection, sync_id, TODAY, [TODAY], worker, 60.0)

    answers = await asyncio.gather(*(claim(f"w{n}") for n in range(8)))
    assert sorted(len(taken) for taken in answers) == [0] * 7 + [1]
    async with database.connection() as connection:
        assert await claims.statuses(connection, sync_id, TODAY, [TODAY]) == {TODAY: DateStatus.SCRAPING}


async def test_a_worker_that_lost_a_date_writes_nothing_and_no_attempt_is_counted(
    database: Database, clinic: Clinic
) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    dead = await take(database, sync_id, TODAY)
    heir = await take(database, sync_id, TODAY, silent_after=0.0)
    assert heir.attempt == dead.attempt == 1
    assert not await see(database, clinic, dead, "ghost")
    async with database.transaction() as connection:
        assert not await sync_dates.fail(connection, sync_id, TODAY, Failure(Reason.TIMED_OUT, "late"), dead.token)
        assert await claims.keep_alive(connection, [dead.token, heir.token]) == {heir.token}
    assert await see(database, clinic, heir, "real")


async def test_a_span_is_claimed_together_and_only_under_its_lead(database: Database, clinic: Clinic) -> None:
    weekly = Limits(span_days=7)
    sync_id = (await ask(database, clinic, days=14, limits=weekly)).sync_id
    spans = (await step(database, sync_id, weekly)).dispatch
    assert [(span.first_date, span.days) for span in spans] == [(TODAY, 7), (TODAY + timedelta(days=7), 7)]
    async with database.transaction() as connection:
        stranger = TODAY + timedelta(days=1)
        assert await claims.claim(connection, sync_id, stranger, [stranger], "w", 60.0) == []
        taken = await claims.claim(connection, sync_id, TODAY, spans[0].dates, "w", 60.0)
        assert [claim.date for claim in taken] == spans[0].dates


async def take_span(database: Database, clinic: Clinic, days: int) -> tuple[UUID, list[Claim]]:
    """A sync whose dates were sent, and claimed, as one span."""
    sync_id = (await ask(database, clinic, days=days)).sync_id
    [span] = (await step(database, sync_id, Limits())).dispatch
    async with database.transaction() as connection:
        return sync_id, await claims.claim(connection, sync_id, span.first_date, span.dates, "w", 60.0)


async def test_one_message_reconciles_all_dates_of_a_span(database: Database, clinic: Clinic) -> None:
    sync_id, taken = await take_span(database, clinic, days=3)
    for claim in taken:
        assert await see(database, clinic, claim, f"{claim.date}")
    done = await reconcile_date(database, sync_id, taken[0].date)
    assert done is not None
    assert done.is_last
    assert (await event_names(database, sync_id)).count("date_completed") == 3


async def test_a_bad_snapshot_does_not_hold_up_the_other_dates_of_its_span(
    database: Database, clinic: Clinic
) -> None:
    sync_id, taken = await take_span(database, clinic, days=3)
    for claim in taken:
        assert await see(database, clinic, claim, f"{claim.date}")
    async with database.connection() as connection:
        await connection.execute(
            "update idexx_sync.schedule_snapshots set appointments = '[{}]' where date = $1", taken[1].date
        )
    with pytest.raises(KeyError):
        await reconcile_date(database, sync_id, taken[0].date)
    async with database.connection() as connection:
        found = await claims.statuses(connection, sync_id, taken[0].date, [claim.date for claim in taken])
    assert list(found.values()) == [DateStatus.RECONCILED, DateStatus.SCRAPED, DateStatus.RECONCILED]


async def test_dates_that_fail_together_are_tried_again_together(database: Database, clinic: Clinic) -> None:
    sync_id, taken = await take_span(database, clinic, days=3)
    async with database.transaction() as connection:
        for claim in taken:
            assert await claims.retry(connection, claim, Failure(Reason.RATE_LIMITED, "429"), 0.0)
    [span] = (await step(database, sync_id, Limits())).dispatch
    assert span.days == 3


async def test_a_retry_waits_for_its_time_and_counts(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic, days=1)).sync_id
    await step(database, sync_id)
    claim = await take(database, sync_id, TODAY)
    async with database.transaction() as connection:
        assert await claims.retry(connection, claim, Failure(Reason.RATE_LIMITED, "429"), 30.0)
    later = await step(database, sync_id)
    assert not later.dispatch
    assert later.look_again_after == pytest.approx(30, abs=5)
    assert (await take(database, sync_id, TODAY)).attempt == 2
    assert "date_retrying" in await event_names(database, sync_id)


async def test_some_dates_failed_is_a_partial_success(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic, days=2)).sync_id
    claim = await take(database, sync_id, TODAY)
    await see(database, clinic, claim, "a")
    await reconcile_date(database, sync_id, TODAY)
    lost = TODAY + timedelta(days=1)
    await give_up_dates(database, sync_id, [lost], Failure(Reason.TIMED_OUT, "the portal did not answer"))
    await step(database, sync_id)
    sync = await stored(database, sync_id)
    assert (sync.status, sync.partial_success, sync.failed_dates) == (SyncStatus.COMPLETED, True, (str(lost),))
    assert sync.error_details == [
        {"date": str(lost), "reason": "timed_out", "message": "the portal did not answer"}
    ]


async def test_a_rejected_login_ends_the_sync_and_the_next_one_starts(database: Database, clinic: Clinic) -> None:
    one_at_a_time = Limits(concurrent_syncs=1)
    sync_id = (await ask(database, clinic, limits=one_at_a_time)).sync_id
    waiting = (await ask(database, clinic, limits=one_at_a_time)).sync_id
    await step(database, sync_id, one_at_a_time)
    await give_up_dates(database, sync_id, [TODAY], Failure(Reason.PORTAL_CHANGED, "a record has no id"))
    tomorrow = TODAY + timedelta(days=1)
    await give_up_dates(database, sync_id, [tomorrow], Failure(Reason.LOGIN_REJECTED, "wrong password"))
    ended = await step(database, sync_id, one_at_a_time)
    assert list(ended.started) == [waiting]
    sync = await stored(database, sync_id)
    assert (sync.status, sync.partial_success) == (SyncStatus.FAILED, False)
    assert sync.error_message == "wrong password", "what ended it, not what failed first"
    assert (await stored(database, waiting)).status is SyncStatus.IN_PROGRESS


async def test_a_cancelled_sync_writes_nothing_more_and_has_one_end(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    claim = await take(database, sync_id, TODAY)
    assert (await cancel(database, clinic, sync_id, LIMITS, FENCE)).changed
    assert not (await cancel(database, clinic, sync_id, LIMITS, FENCE)).changed
    assert not await see(database, clinic, claim, "late")
    assert not (await step(database, sync_id)).dispatch
    assert (await event_names(database, sync_id))[-1] == "cancelled"
    assert (await stored(database, sync_id)).status is SyncStatus.CANCELLED


async def test_cancelling_what_has_ended_or_belongs_to_another_is_refused(
    database: Database, clinic: Clinic
) -> None:
    sync_id = (await ask(database, clinic, days=1)).sync_id
    await give_up_dates(database, sync_id, [TODAY], Failure(Reason.TIMED_OUT, "x"))
    await step(database, sync_id)
    with pytest.raises(WrongState, match="failed"):
        await cancel(database, clinic, sync_id, LIMITS, FENCE)
    with pytest.raises(UnknownSync):
        await cancel(database, clinic, UUID(int=1), LIMITS, FENCE)


async def test_a_sync_that_is_not_done_in_time_ends_as_timed_out(database: Database, clinic: Clinic) -> None:
    hasty = Limits(sync_timeout=0.0)
    sync_id = (await ask(database, clinic, limits=hasty)).sync_id
    claim = await take(database, sync_id, TODAY)
    async with database.connection() as connection:
        assert await need_attention(connection, hasty, 60.0) == [sync_id]
    assert (await step(database, sync_id, hasty)).stop_workers
    assert (await stored(database, sync_id)).status is SyncStatus.TIMED_OUT
    assert not await see(database, clinic, claim, "late")
    assert (await event_names(database, sync_id)).count("timed_out") == 1


async def test_a_sync_that_is_found_after_a_month_of_standstill_ends(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    await take(database, sync_id, TODAY)
    async with database.transaction() as connection:
        month_ago = "started_at = started_at - interval '30 days'"
        await connection.execute(f"update schedule_syncs set {month_ago}, deadline_at = started_at")
        await connection.execute(f"update idexx_sync.schedule_sync_dates set {month_ago}")
    await give_up_dates(database, sync_id, [TODAY], Failure(Reason.TIMED_OUT, "the portal did not answer"))
    await step(database, sync_id)
    assert (await stored(database, sync_id)).status is SyncStatus.TIMED_OUT


async def test_a_clinic_can_be_removed_between_two_steps_of_its_sync(database: Database, clinic: Clinic) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    claim = await take(database, sync_id, TODAY)

    async def remove() -> None:
        async with database.connection() as connection:
            await remove_clinic(connection, clinic.id)

    async with database.transaction() as connection:
        await lock_sync(connection, sync_id)
        removing = asyncio.create_task(remove())
        await until_one_waits(connection)
        proof = Proof(200, "application/json", "array", 0, TODAY, TODAY)
        seen = {TODAY: Snapshot(TODAY, claim.claimed_at, (), proof)}
        assert await claims.save_snapshots(connection, clinic.id, [claim], seen)
    await removing
    assert await reconcile_date(database, sync_id, TODAY) is None
    with pytest.raises(UnknownClinic, match="just been removed"):
        await ask(database, clinic)


@pytest.mark.parametrize(("silent", "status"), [(590, SyncStatus.IN_PROGRESS), (610, SyncStatus.FAILED)])
async def test_a_sync_that_gave_no_sign_of_life_for_too_long_is_ended(
    database: Database, clinic: Clinic, silent: int, status: SyncStatus
) -> None:
    patient = Limits(sync_timeout=86_400, stale_after=600)
    sync_id = (await ask(database, clinic, limits=patient)).sync_id
    async with database.connection() as connection:
        await connection.execute(f"update schedule_syncs set heartbeat_at = now() - interval '{silent} seconds'")
    await step(database, sync_id, patient)
    sync = await stored(database, sync_id)
    assert sync.status is status
    assert ("STALE_SYNC_MS" in (sync.error_message or "")) == (status is SyncStatus.FAILED)


async def test_syncs_that_wait_run_in_the_order_they_came(database: Database, clinic: Clinic) -> None:
    one = Limits(concurrent_syncs=1)
    asked = [(await ask(database, clinic, days=1, limits=one)).sync_id for _ in range(4)]
    for this, following in itertools.pairwise(asked):
        await give_up_dates(database, this, [TODAY], Failure(Reason.TIMED_OUT, "x"))
        assert list((await step(database, this, one)).started) == [following]


async def whole_sync(database: Database, clinic: Clinic, seen: dict[date, list[str]], **fields: Any) -> UUID:
    """A sync that sees this, brought to where its last date is in."""
    sync_id = (await ask(database, clinic, days=len(seen), **fields)).sync_id
    for day, ids in seen.items():
        assert await see(database, clinic, await take(database, sync_id, day), *ids)
        await reconcile_date(database, sync_id, day)
    return sync_id


TOMORROW = TODAY + timedelta(days=1)


async def test_before_a_removal_the_dates_that_may_show_where_it_went_are_read_once_more(
    database: Database, clinic: Clinic
) -> None:
    first = await whole_sync(database, clinic, {TODAY: ["rex", "bo"], TOMORROW: ["kit"]})
    await step(database, first)
    sync_id = await whole_sync(database, clinic, {TODAY: ["bo"], TOMORROW: ["kit"]})
    waits = await coordinate(database, sync_id, LIMITS, RemovalLimit())
    assert (await stored(database, sync_id)).status is SyncStatus.IN_PROGRESS
    assert waits.look_again_after is not None, "a move has time to settle"
    async with database.connection() as connection:
        await connection.execute(
            "update idexx_sync.schedule_sync_dates set next_try_at = now() where next_try_at is not null"
        )
    [span] = (await step(database, sync_id, Limits())).dispatch
    assert (span.first_date, span.days) == (TODAY, 2), "in one call"
    async with database.transaction() as connection:
        taken = await claims.claim(connection, sync_id, span.first_date, span.dates, "w", 60.0)
    for claim, ids in zip(taken, (["bo"], ["kit", "rex"]), strict=True):
        assert await see(database, clinic, claim, *ids)
        await reconcile_date(database, sync_id, claim.date)
    await step(database, sync_id)
    sync = await stored(database, sync_id)
    assert (sync.status, sync.dates_done) == (SyncStatus.COMPLETED, 2)
    assert sync.stats["appointments_removed"] == 0
    async with database.connection() as connection:
        kinds = await connection.fetch(
            "select kind from idexx_sync.schedule_appointment_changes where neo_appointment_id = 'rex' order by id"
        )
    assert [row["kind"] for row in kinds] == ["added", "moved"]


async def test_a_second_look_that_fails_removes_nothing_and_fails_no_date(
    database: Database, clinic: Clinic
) -> None:
    await step(database, await whole_sync(database, clinic, {TODAY: ["rex", "bo"], TOMORROW: ["kit"]}))
    sync_id = await whole_sync(database, clinic, {TODAY: ["rex", "bo"], TOMORROW: []})
    [span] = (await step(database, sync_id, Limits())).dispatch
    async with database.transaction() as connection:
        _, claim = await claims.claim(connection, sync_id, span.first_date, span.dates, "w", 60.0)
    await see(database, clinic, claim)
    await reconcile_date(database, sync_id, TOMORROW)
    await give_up_dates(database, sync_id, [TODAY], Failure(Reason.PORTAL_CHANGED, "not as it was"))
    await step(database, sync_id)
    sync = await stored(database, sync_id)
    assert (sync.status, sync.partial_success, sync.failed_dates) == (SyncStatus.COMPLETED, False, ())
    assert sync.stats["appointments_removed"] == 0
    assert "removals_unconfirmed" in {warning.code for warning in sync.warnings}
    assert "date_failed" not in await event_names(database, sync_id)


async def test_a_sync_that_is_cancelled_with_all_its_dates_in_removes_nothing(
    database: Database, clinic: Clinic
) -> None:
    await step(database, await whole_sync(database, clinic, {TODAY: ["rex", "bo"]}))
    sync_id = await whole_sync(database, clinic, {TODAY: ["bo"]})
    assert (await cancel(database, clinic, sync_id, LIMITS, FENCE)).changed
    assert (await stored(database, sync_id)).stats["appointments_removed"] == 0
    async with database.connection() as connection:
        removed = await connection.fetch("select from schedule_appointments where deleted_at is not null")
    assert not removed


async def test_a_dry_run_plans_what_a_real_run_would_do_and_writes_nothing(
    database: Database, clinic: Clinic
) -> None:
    await step(database, await whole_sync(database, clinic, {TODAY: ["rex"], TOMORROW: ["kit"]}))
    sync_id = await whole_sync(database, clinic, {TODAY: ["new"], TOMORROW: ["kit"]}, dry_run=True)
    await step(database, sync_id)
    sync = await stored(database, sync_id)
    assert sync.status is SyncStatus.COMPLETED
    assert {(c["kind"], c["neo_appointment_id"]) for c in sync.plan or []} == {
        ("added", "new"),
        ("removed", "rex"),
    }
    assert "Rex" not in str(sync.plan), "no name goes over the bus"
    async with database.connection() as connection:
        ids = await connection.fetch(
            "select neo_appointment_id from schedule_appointments where deleted_at is null"
        )
    assert {row["neo_appointment_id"] for row in ids} == {"rex", "kit"}


async def test_a_person_decides_about_what_the_fence_holds_back(database: Database, clinic: Clinic) -> None:
    many = [f"a{n}" for n in range(60)]
    await step(database, await whole_sync(database, clinic, {TODAY: many}))
    sync_id = await whole_sync(database, clinic, {TODAY: many[:3]})
    verification = await step(database, sync_id)
    assert [span.first_date for span in verification.dispatch] == [TODAY]
    await see(database, clinic, await take(database, sync_id, TODAY), *many[:3])
    await reconcile_date(database, sync_id, TODAY)
    await step(database, sync_id)
    sync = await stored(database, sync_id)
    assert (sync.status, sync.removals_held) == (SyncStatus.COMPLETED, 57)
    assert "held" in await event_names(database, sync_id)
    assert await approve(database, clinic, sync_id) == 57
    assert (await stored(database, sync_id)).removals_held == 0
    with pytest.raises(WrongState, match="has no held removals"):
        await reject(database, clinic, sync_id)
