"""Deliveries in the database: recorded once, with the end of the sync, and only for clinics with a webhook."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from actors.dispatcher import Dispatcher
from actors.outbox.webhooks import Deliveries
from broker import NatsBroker
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.store import webhooks as store
from engine.store.database import Connection, Database
from engine.store.reconciling import sweep
from engine.store.syncs.admission import admit
from engine.store.syncs.events import events_after
from engine.store.syncs.lifecycle import Ending, end
from engine.store.vault import Vault, VaultError, new_ring
from engine.store.webhooks import deliveries
from engine.sync import Limits, SyncRequest, SyncStatus
from engine.webhook import DeliveryState, Secrets
from engine.webhook_retry import AttemptDecision, AttemptReason, AttemptResult
from tests.conftest import free_port

pytestmark = pytest.mark.anyio

URL = "https://example.com/hook"
VAULT = Vault.from_ring(new_ring())
DAYS = DateRange(date(2026, 3, 2), date(2026, 3, 3))
PENDING, DELIVERED = AttemptDecision(DeliveryState.PENDING, wait=60), AttemptDecision(DeliveryState.DELIVERED)


async def give_webhook(database: Database, clinic: Clinic) -> None:
    async with database.transaction() as connection:
        await store.set_webhook(connection, VAULT, clinic, URL, Secrets.fresh())


async def run(
    database: Database, clinic: Clinic, status: SyncStatus = SyncStatus.COMPLETED, dry_run: bool = False
) -> UUID:
    async with database.transaction() as connection:
        request = SyncRequest(clinic.id, DAYS, dry_run=dry_run)
        sync_id = (await admit(connection, request, list(DAYS), Limits())).sync_id
        assert await end(connection, sync_id, Ending(status))
    return sync_id


async def logged(database: Database, clinic: Clinic) -> list[dict[str, Any]]:
    async with database.connection() as connection:
        return await deliveries.list_deliveries(connection, clinic.id, 100)


async def due(connection: Connection) -> list[UUID]:
    return await deliveries.deliveries_to_send(connection)


@pytest.mark.parametrize("status", [status for status in SyncStatus if status.is_final])
async def test_the_last_event_of_each_kind_of_end_is_delivered_unchanged(
    database: Database, clinic: Clinic, status: SyncStatus
) -> None:
    await give_webhook(database, clinic)
    sync_id = await run(database, clinic, status)
    [one] = await logged(database, clinic)
    assert (one["sync_id"], one["event"], one["state"]) == (sync_id, f"sync.{status}", "pending")
    async with database.transaction() as connection:
        last = (await events_after(connection, sync_id, 0))[-1]
        assert not await end(connection, sync_id, Ending(SyncStatus.FAILED)), "it has ended"
        begun = await deliveries.begin_try(connection, one["id"], 10)
        assert begun is not None
    assert json.loads(begun.body) == {"type": f"sync.{status}", "timestamp": last["at"], "data": last}
    assert len(await logged(database, clinic)) == 1


async def test_no_webhook_no_delivery_and_none_for_a_dry_run(database: Database, clinic: Clinic) -> None:
    await run(database, clinic)
    await give_webhook(database, clinic)
    await run(database, clinic, dry_run=True)
    assert await logged(database, clinic) == []


async def test_what_is_rolled_back_is_not_delivered(database: Database, clinic: Clinic) -> None:
    await give_webhook(database, clinic)
    with suppress(RuntimeError):
        async with database.transaction() as connection:
            sync_id = (await admit(connection, SyncRequest(clinic.id, DAYS), list(DAYS), Limits())).sync_id
            assert await end(connection, sync_id, Ending(SyncStatus.COMPLETED))
            raise RuntimeError("crash before the commit")
    assert await logged(database, clinic) == []


async def test_a_try_is_begun_once_and_again_when_it_is_due(database: Database, clinic: Clinic) -> None:
    await give_webhook(database, clinic)
    await run(database, clinic)
    async with database.transaction() as connection:
        [delivery_id] = await due(connection)
        begun = await deliveries.begin_try(connection, delivery_id, 60)
        assert begun is not None
        assert begun.attempts == 1
        assert await deliveries.begin_try(connection, delivery_id, 60) is None, "another one tries it"
        assert await due(connection) == []
        assert 50 < (await deliveries.time_until_due(connection, delivery_id) or 0) <= 60
        result, pending = AttemptResult(AttemptReason.TIMEOUT), AttemptDecision(DeliveryState.PENDING)
        await deliveries.finish_try(connection, begun, result, pending)
        again = await deliveries.begin_try(connection, delivery_id, 60)
        assert again is not None
        assert again.attempts == 2
        await deliveries.finish_try(connection, begun, AttemptResult(None, 200), DELIVERED)
        assert (await deliveries.get_delivery(connection, delivery_id))["state"] == "pending", "a try that is over"
        await deliveries.finish_try(connection, again, AttemptResult(None, 200), DELIVERED)
        assert await deliveries.begin_try(connection, delivery_id, 60) is None
        assert await deliveries.time_until_due(connection, delivery_id) is None


async def test_what_was_mailed_is_not_mailed_again_unless_it_is_lost(database: Database, clinic: Clinic) -> None:
    await give_webhook(database, clinic)
    await run(database, clinic)
    async with database.transaction() as connection:
        [delivery_id] = await due(connection)
        await deliveries.mark_sent(connection, [delivery_id])
        assert await due(connection) == []
        await connection.execute(
            "update idexx_sync.webhook_deliveries set mailed_at = now() - interval '301 s', "
            "next_attempt_at = now() - interval '301 s'"
        )
        assert await due(connection) == [delivery_id], "no attempt for five minutes"


async def test_deliveries_of_a_paused_webhook_wait_until_it_is_resumed(database: Database, clinic: Clinic) -> None:
    await give_webhook(database, clinic)
    async with database.transaction() as connection:
        await store.pause_webhook(connection, clinic.id, "by request")
    await run(database, clinic)
    async with database.transaction() as connection:
        assert await due(connection) == []
        [one] = await deliveries.list_deliveries(connection, clinic.id, 9)
        assert await deliveries.begin_try(connection, one["id"], 10) is None
        assert await store.resume_webhook(connection, clinic) == 1
        assert await due(connection) == [one["id"]]


async def test_of_a_webhook_that_was_removed_the_log_stays(database: Database, clinic: Clinic) -> None:
    await give_webhook(database, clinic)
    await run(database, clinic)
    async with database.transaction() as connection:
        [delivery_id] = await due(connection)
        begun = await deliveries.begin_try(connection, delivery_id, 10)
        assert begun is not None
        await store.remove_webhook(connection, clinic)
        await deliveries.finish_try(connection, begun, AttemptResult(AttemptReason.TIMEOUT), PENDING)
    [one] = await logged(database, clinic)
    assert (one["state"], one["reason"]) == ("failed", "webhook_removed")
    assert one["finished_at"] is not None
    await run(database, clinic)
    assert len(await logged(database, clinic)) == 1


async def test_redelivered_it_is_the_same_delivery(database: Database, clinic: Clinic) -> None:
    await give_webhook(database, clinic)
    await run(database, clinic)
    async with database.transaction() as connection:
        [delivery_id] = await due(connection)
        first = await deliveries.begin_try(connection, delivery_id, 10)
        assert first is not None
        await deliveries.finish_try(connection, first, AttemptResult(None, 200), DELIVERED)
        await connection.execute("update idexx_sync.webhook_deliveries set queued_at = now() - interval '9 days'")
        await deliveries.redeliver(connection, delivery_id)
        assert await due(connection) == [delivery_id]
        second = await deliveries.begin_try(connection, delivery_id, 10)
        assert second is not None
        assert (second.id, second.body, second.attempts) == (first.id, first.body, 1)
        assert second.now - second.queued_at < timedelta(minutes=1), "as young as its redelivery"


async def test_deliveries_without_an_attempt_are_overdue_and_a_receiver_that_has_gone_is_named(
    database: Database, clinic: Clinic
) -> None:
    await give_webhook(database, clinic)
    await run(database, clinic)
    async with database.transaction() as connection:
        assert await store.webhook_figures(connection) == store.WebhookFigures(1, [], 0)
        await connection.execute(
            "update idexx_sync.webhook_deliveries set next_attempt_at = now() - interval '2 min'"
        )
        assert await store.webhook_figures(connection) == store.WebhookFigures(1, [], 1)
        await store.pause_webhook(connection, clinic.id, AttemptReason.GONE)
        assert await store.webhook_figures(connection) == store.WebhookFigures(1, [clinic.slug], 0)


async def test_deliveries_have_their_time(database: Database, clinic: Clinic) -> None:
    await give_webhook(database, clinic)
    await run(database, clinic)
    async with database.transaction() as connection:
        assert (await sweep(connection, datetime.now(UTC) + timedelta(days=29)))["deliveries"] == 0
        assert (await sweep(connection, datetime.now(UTC) + timedelta(days=31)))["deliveries"] == 1


async def test_while_nats_is_unavailable_nothing_is_lost_and_no_sync_waits(
    database: Database, clinic: Clinic
) -> None:
    await give_webhook(database, clinic)
    sync_id = await run(database, clinic)
    broker = NatsBroker(f"nats://127.0.0.1:{free_port()}", timeout=0.5)
    refused: list[str] = []
    disconnected = Deliveries(database, Dispatcher(broker, refused.append))
    await disconnected.send_of_sync(sync_id)
    await disconnected.sweep()
    [one] = await logged(database, clinic)
    await disconnected.send_later(one["id"], 1)
    async with database.transaction() as connection:
        assert await due(connection) == [one["id"]], "the sweep finds it"
    broker.close()


async def test_secrets_are_sealed_for_their_clinic_and_rotate_with_the_keys(
    database: Database, clinic: Clinic
) -> None:
    old_ring, new = new_ring(), new_ring()
    old, both = Vault.from_ring(old_ring), Vault.from_ring(f"{new},{old_ring}")
    secrets = Secrets.fresh().rotated(datetime.now(UTC))
    async with database.transaction() as connection:
        await store.set_webhook(connection, old, clinic, URL, Secrets.fresh())
        await store.store_secrets(connection, old, clinic.id, secrets)
        sealed = await connection.fetchval("select sealed from idexx_sync.clinic_webhooks")
        assert secrets.current.removeprefix("whsec_").encode() not in sealed
        assert await store.reseal_secrets(connection, both) == (1, [])
        assert await store.get_secrets(connection, Vault.from_ring(new), clinic.id) == secrets
        with pytest.raises(VaultError):
            await store.get_secrets(connection, old, clinic.id)
        await connection.execute(
            "insert into clinics (id, slug, name) values ($1, 'other', 'Other')", other := uuid4()
        )
        await connection.execute("update idexx_sync.clinic_webhooks set clinic_id = $1", other)
        with pytest.raises(VaultError, match="cannot be decrypted"):
            await store.get_secrets(connection, both, other)
