"""Publishes the refusal of a request without a reply subject as an event, since silence would hide it."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.messages import Subjects, encode, refusal
from broker.primitives.event_log import EventLog
from engine.errors import EngineError

log = structlog.get_logger(__name__)


class Rejections:
    def __init__(self, event_log: EventLog, subjects: Subjects) -> None:
        self._event_log = event_log
        self._subjects = subjects

    async def publish(self, clinic: str, error: EngineError) -> None:
        """Publishes the refusal on `idexx.evt.rejected.<clinic>`; if NATS is unreachable, it only logs."""
        at = datetime.now(UTC)
        event = {"event": "rejected", "clinic": clinic, "at": at, **refusal(error)["error"]}
        event_id = f"rejected/{clinic}/{at.timestamp()}"
        try:
            await self._event_log.publish(self._subjects.rejected(clinic), encode(event), event_id)
        except BrokerConnectionError as failure:
            log.warning("rejection_not_published", clinic=clinic, reason=error.reason, error=str(failure))
