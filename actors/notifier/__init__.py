"""The Notifier: makes one attempt to deliver a webhook, and records its outcome.

A message `notify` names a delivery; its body, address and attempts are in the database. The Notifier claims the
attempt for a limited time in one transaction, so that a message that is delivered twice makes one POST; signs the
body with the clinic's secrets; POSTs it (`http_client.py`: limited in time and size, and only to addresses that
webhooks may reach); and records the outcome in a second transaction. `engine/webhook_retry.py` decides whether the
delivery is done, failed, or due again, and whether the webhook is paused. A delivery that is due again is sent
again as a delayed message.

A receiver's failure is never an exception here. The sweep of `actors/outbox/webhooks.py` finds deliveries whose
message was lost, so a dead message needs no handler.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import dramatiq
import structlog

from actors.metrics import Metrics
from actors.outbox.webhooks import Deliveries
from actors.queues import NOTIFIER
from actors.runtime.process import Runtime
from actors.runtime.vault import open_vault
from actors.runtime.work_context import WorkContext
from actors.settings import Settings
from actors.worker import WorkerRuntime
from engine.store.database import Database
from engine.store.vault import Vault, VaultError
from engine.store.webhooks import get_secrets, pause_webhook
from engine.store.webhooks.deliveries import begin_try, finish_try, time_until_due
from engine.webhook import TEST, Delivery, DeliveryState, sign
from engine.webhook_retry import AttemptDecision, AttemptReason, AttemptResult, decide, may_try

if TYPE_CHECKING:
    from actors.notifier.http_client import WebhookClient

log = structlog.get_logger(__name__)

#: Time that an attempt needs at most beside the receiver's own time, in milliseconds.
TIME_LIMIT_MARGIN_MS = 60_000

#: Time that an attempt has to record its outcome before another may begin, in seconds.
LEASE_MARGIN = 5.0


def declare(worker: WorkerRuntime) -> None:
    """Declares the actor `notify` and its resources."""
    notifier = worker.resource(NOTIFIER, open_notifier)
    time_limit = worker.settings.webhook_timeout_ms + TIME_LIMIT_MARGIN_MS

    @dramatiq.actor(broker=worker.broker, queue_name=NOTIFIER, time_limit=time_limit)
    async def notify(delivery_id: str, *, traceparent: str | None = None) -> None:
        await notifier.get().notify(UUID(delivery_id), traceparent)


@asynccontextmanager
async def open_notifier(process: Runtime) -> AsyncIterator[Notifier]:
    """Opens the Notifier. Raises `VaultError` if there is no key ring."""
    settings = process.settings
    # Only a Notifier needs an HTTP client.
    from actors.notifier.http_client import WebhookClient

    client = WebhookClient(settings.webhook_reach, settings.webhook_timeout_ms / 1000)
    yield Notifier(
        settings=settings,
        database=process.database,
        vault=open_vault(settings),
        client=client,
        deliveries=process.deliveries,
        metrics=process.metrics,
        work_context=process.work_context,
        jitter=process.random.random,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifier:
    """Delivers webhooks. `jitter` returns a number from 0 to 1."""

    settings: Settings
    database: Database
    vault: Vault
    client: WebhookClient
    deliveries: Deliveries
    metrics: Metrics
    work_context: WorkContext
    jitter: Callable[[], float]

    @property
    def _lease(self) -> float:
        """Time for which an attempt is claimed, in seconds."""
        return self.settings.webhook_timeout_ms / 1000 + LEASE_MARGIN

    async def notify(self, delivery_id: UUID, traceparent: str | None = None) -> None:
        """Makes the next attempt if it is due; otherwise sends the message again for when it is.

        It is not due if another worker makes it, or made it and died, or if the clock of NATS is ahead.
        """
        async with self.work_context.named("notify", {"delivery": str(delivery_id)}, traceparent):
            async with self.database.transaction() as connection:
                delivery = await begin_try(connection, delivery_id, self._lease)
                wait = None if delivery else await time_until_due(connection, delivery_id)
            if delivery is None:
                if wait is not None:
                    await self.deliveries.send_later(delivery_id, wait)
                return
            answer = await self._try(delivery)
            decision = decide(
                answer, delivery.event, delivery.attempts, self.settings.webhook_retry_seconds, self.jitter()
            )
            await self._write_down(delivery, answer, decision)
            if decision.state is DeliveryState.PENDING:
                await self.deliveries.send_later(delivery.id, decision.wait)

    async def _try(self, delivery: Delivery) -> AttemptResult:
        if reason := may_try(
            delivery.attempts, delivery.queued_at, delivery.now, self.settings.webhook_retry_seconds
        ):
            return AttemptResult(reason)
        try:
            async with self.database.connection() as connection:
                secrets = await get_secrets(connection, self.vault, delivery.clinic_id)
        except VaultError as error:
            # An operator may put the key back: the schedule continues.
            log.error("webhook_secret_not_decrypted", clinic=delivery.clinic, error=str(error))
            return AttemptResult(AttemptReason.NO_KEY)
        if secrets is None:
            return AttemptResult(AttemptReason.REMOVED)
        return await self.client.post(delivery.url, sign(delivery, secrets, datetime.now(UTC)), delivery.body)

    async def _write_down(self, delivery: Delivery, answer: AttemptResult, decision: AttemptDecision) -> None:
        async with self.database.transaction() as connection:
            await finish_try(connection, delivery, answer, decision)
            if decision.pause and answer.reason is not None:
                await pause_webhook(connection, delivery.clinic_id, answer.reason)
        self._log_attempt(delivery, answer, decision)

    def _log_attempt(self, delivery: Delivery, answer: AttemptResult, decision: AttemptDecision) -> None:
        is_open = decision.state is DeliveryState.PENDING
        if delivery.event != TEST:
            self.metrics.count_webhook_attempt("retrying" if is_open else decision.state.value)
        say = log.info if decision.state is DeliveryState.DELIVERED else log.warning
        details = {
            "reason": answer.reason,
            "status": answer.status,
            "next_try_in": round(decision.wait, 1) if is_open else None,
            "hint": f"idexx-sync clinic webhook resume {delivery.clinic}" if decision.pause else None,
        }
        say(
            "webhook_retrying" if is_open else f"webhook_{decision.state}",
            clinic=delivery.clinic,
            webhook_event=delivery.event,
            attempt=delivery.attempts,
            # Only the host: the path may contain a token.
            host=urlsplit(delivery.url).hostname,
            duration_ms=answer.duration_ms,
            **{name: value for name, value in details.items() if value is not None},
        )
