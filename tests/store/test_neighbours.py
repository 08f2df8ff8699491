"""One bad item of a loop stops none of its neighbours, and trouble that passes is never taken for a bug."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import asyncpg
import pytest
from dramatiq.errors import BrokerConnectionError

from actors.coordinator import StalledSyncSweeper
from actors.gateway import retention
from actors.messages import Subjects
from actors.observability import error_reports
from actors.observability.item_guard import FIRST_PAUSE, LONGEST_PAUSE, ItemGuard
from actors.outbox.events import Relay
from engine.clinic import Clinic
from engine.errors import Unavailable
from engine.steps.scrape import scrape_dates
from engine.store.database import Database
from engine.store.reconciling.retention import KINDS
from engine.store.vault import Vault
from engine.task_group import task_group
from tests.store.test_login_failures import harness, vault
from tests.store.test_sync_machine import ModelPortal
from tests.store.test_syncs import LIMITS, TODAY, ask, step

__all__ = ["vault"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What Sentry would be sent."""
    errors: list[BaseException] = []
    monkeypatch.setattr(error_reports, "_send", lambda error, _: errors.append(error))
    return errors


async def test_a_sync_that_cannot_be_looked_after_holds_up_no_other(
    database: Database, clinic: Clinic, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, reported: list[Any]
) -> None:
    syncs = [(await ask(database, clinic)).sync_id for _ in range(2)]
    await pool.execute("update schedule_syncs set deadline_at = now() - interval '1 minute'")
    looked_after: list[UUID] = []

    async def look_after(sync_id: UUID) -> None:
        looked_after.append(sync_id)
        if sync_id == looked_after[0]:
            raise KeyError("a bug")

    sweep = StalledSyncSweeper(LIMITS, database, look_after)
    for _ in range(3):
        await sweep.once()
    assert set(looked_after) == set(syncs)
    assert looked_after.count(looked_after[0]) == 1, "it pauses, and so it is reported once"
    assert len(reported) == 1


async def test_records_of_one_kind_that_cannot_be_removed_keep_no_other_kind(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[str] = []

    async def sweep(_connection: object, kind: str, *_: object) -> int:
        swept.append(kind)
        raise KeyError(kind)

    monkeypatch.setattr(retention, "sweep_kind", sweep)
    await retention.Retention(database).once()
    assert swept == list(KINDS)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def pauses(error: Exception) -> list[float]:
    """Between the tries of an item that always fails with this error."""
    clock, tries = Clock(), list[float]()
    guard = ItemGuard[str]("test", clock)

    async def fail(_: str) -> None:
        tries.append(clock.now)
        raise error

    while len(tries) < 9:
        await guard.each(["bad"], fail)
        clock.now += FIRST_PAUSE
    return [after - before for before, after in itertools.pairwise(tries)]


async def test_an_item_that_keeps_failing_is_tried_ever_less_often() -> None:
    assert await pauses(KeyError()) == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE]
    assert set(await pauses(Unavailable("the database is away"))) == {FIRST_PAUSE}


async def test_nats_that_is_away_between_two_changes_is_no_bug(reported: list[Any]) -> None:
    class Away:
        async def publish(self, *_: object) -> None:
            raise BrokerConnectionError("away")

    relay = Relay(*cast("tuple[Any, ...]", (None, Away(), Subjects("idexx"), None, None)))
    ids = {"sync_id": 1, "appointment_id": 1, "neo_appointment_id": "1", "feed_id": "1"}
    change = {"clinic": "elm", "kind": "added", **ids, "position": 1}
    changes = [{**change, "id": number, "at": None, "before": None, "after": None} for number in range(3)]
    with pytest.raises(BrokerConnectionError) as raised:
        await relay._publish_changes(cast("Any", None), changes)
    error_reports.report(raised.value)
    error_reports.report(ExceptionGroup("both", [raised.value, ExceptionGroup("in it", [Unavailable("away")])]))
    assert not reported
    error_reports.report(ExceptionGroup("both", [raised.value, KeyError()]))
    assert len(reported) == 1


async def test_a_group_of_tasks_fails_as_one_call_does_and_hides_no_other_error() -> None:
    async def fail(error: Exception) -> None:
        raise error

    async def run(*errors: Exception) -> None:
        async with task_group() as group:
            for error in errors:
                group.create_task(fail(error))

    with pytest.raises(Unavailable):
        await run(Unavailable("one"), Unavailable("two"))
    with pytest.raises(ExceptionGroup):
        await run(Unavailable("one"), KeyError())


async def test_a_scrape_whose_configuration_cannot_be_asked_for_leaves_nothing_running(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    class Portal(ModelPortal):
        ended = False

        async def scrape(self, *_: Any, **__: Any) -> Any:
            try:
                await asyncio.Event().wait()
            finally:
                self.ended = True

        async def schedule_config(self, *_: Any, **__: Any) -> Any:
            await asyncio.sleep(0)
            raise Unavailable("the store of sessions is away")

    portal = Portal()
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    with pytest.raises(Unavailable):
        await scrape_dates(replace(harness(database, vault, "seen"), portal=portal), sync_id, TODAY)
    assert portal.ended
