"""The refusal of a request that nobody waits for an answer to: an event, since silence would hide it."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.messages import encode, refusal
from actors.runtime.process import Runtime
from engine.errors import EngineError

log = structlog.get_logger(__name__)


async def publish_rejection(process: Runtime, clinic: str, error: EngineError) -> None:
    """Publishes it on `idexx.evt.rejected.<clinic>`; that NATS is away is only logged."""
    at = datetime.now(UTC)
    event = {"event": "rejected", "clinic": clinic, "at": at, **refusal(error)["error"]}
    try:
        await process.event_log.publish(
            process.subjects.rejected(clinic), encode(event), f"rejected/{clinic}/{at.timestamp()}"
        )
    except BrokerConnectionError as failure:
        log.warning("rejection_not_told", clinic=clinic, reason=error.reason, error=str(failure))
