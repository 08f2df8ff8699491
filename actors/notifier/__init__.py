"""The notifier: makes one try of a delivery of a webhook, and writes down what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from actors.notifier.http_client import WebhookClient
from actors.runtime.process import Runtime
from engine.store.vault import VaultError
from engine.store.webhooks import get_secrets, pause_webhook
from engine.store.webhooks.deliveries import begin_try, finish_try, time_until_due
from engine.webhook import TEST, Delivery, DeliveryState, sign
from engine.webhook_retry import AttemptDecision, AttemptResult, Reason, decide, may_try

log = structlog.get_logger(__name__)

#: How long after a try must have ended another one may be made, in seconds: for what is written down after it.
LEASE_MARGIN = 5.0


class Notifier:
    """Raises `VaultError` if there is no key ring."""

    def __init__(self, process: Runtime) -> None:
        settings = process.settings
        timeout = settings.webhook_timeout_ms / 1000
        self._process = process
        self._database = process.database
        self._vault = process.vault()
        self._schedule: Sequence[float] = settings.webhook_retry_seconds
        self._client = WebhookClient(settings.webhook_reach, timeout)
        self._lease = timeout + LEASE_MARGIN

    async def notify(self, delivery_id: UUID, traceparent: str | None = None) -> None:
        """Makes the next try, if it is due. If it is not, since another one makes it, or made it and died, or since the
        clock of NATS is ahead, the message comes again when it is."""
        async with self._process.about.named("notify", {"delivery": str(delivery_id)}, traceparent):
            async with self._database.transaction() as connection:
                delivery = await begin_try(connection, delivery_id, self._lease)
                wait = None if delivery else await time_until_due(connection, delivery_id)
            if delivery is None:
                if wait is not None:
                    await self._process.deliveries.tell_later(delivery_id, wait)
                return
            answer = await self._try(delivery)
            verdict = decide(
                answer, delivery.event, delivery.attempts, self._schedule, self._process.random.random()
            )
            await self._write_down(delivery, answer, verdict)
            if verdict.state is DeliveryState.PENDING:
                await self._process.deliveries.tell_later(delivery.id, verdict.wait)

    async def _try(self, delivery: Delivery) -> AttemptResult:
        if reason := may_try(delivery.attempts, delivery.queued_at, delivery.now, self._schedule):
            return AttemptResult(reason)
        try:
            async with self._database.connection() as connection:
                secrets = await get_secrets(connection, self._vault, delivery.clinic_id)
        except VaultError as error:
            # An operator may put the key back: the schedule goes on.
            log.error("webhook_secret_does_not_open", clinic=delivery.clinic, error=str(error))
            return AttemptResult(Reason.NO_KEY)
        if secrets is None:
            return AttemptResult(Reason.REMOVED)
        return await self._client.post(delivery.url, sign(delivery, secrets, datetime.now(UTC)), delivery.body)

    async def _write_down(self, delivery: Delivery, answer: AttemptResult, verdict: AttemptDecision) -> None:
        async with self._database.transaction() as connection:
            await finish_try(connection, delivery, answer, verdict)
            if verdict.pause and answer.reason is not None:
                await pause_webhook(connection, delivery.clinic_id, answer.reason)
        self._tell(delivery, answer, verdict)

    def _tell(self, delivery: Delivery, answer: AttemptResult, verdict: AttemptDecision) -> None:
        is_open = verdict.state is DeliveryState.PENDING
        if delivery.event != TEST:
            self._process.metrics.count_webhook_attempt("retrying" if is_open else verdict.state.value)
        say = log.info if verdict.state is DeliveryState.DELIVERED else log.warning
        details = {
            "reason": answer.reason,
            "status": answer.status,
            "next_try_in": round(verdict.wait, 1) if is_open else None,
            "hint": f"idexx-sync clinic webhook resume {delivery.clinic}" if verdict.pause else None,
        }
        say(
            "webhook_retrying" if is_open else f"webhook_{verdict.state}",
            clinic=delivery.clinic,
            webhook_event=delivery.event,
            attempt=delivery.attempts,
            # Its path may hold a token.
            host=urlsplit(delivery.url).hostname,
            duration_ms=answer.duration_ms,
            **{name: value for name, value in details.items() if value is not None},
        )
