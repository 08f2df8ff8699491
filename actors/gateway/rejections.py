"""Publishes the refusal of a request without a reply subject as an event, since silence would hide it."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.messages import encode, refusal
from actors.runtime.process import Runtime
from engine.errors import EngineError

log = structlog.get_logger(__name__)


async def publish_rejection(process: Runtime, clinic: str, error: EngineError) -> None:
    """Publishes the refusal on `idexx.evt.rejected.<clinic>`; if NATS is unreachable, it only logs."""
    at = datetime.now(UTC)
    event = {"event": "rejected", "clinic": clinic, "at": at, **refusal(error)["error"]}
    try:
        await process.event_log.publish(
            process.subjects.rejected(clinic), encode(event), f"rejected/{clinic}/{at.timestamp()}"
        )
    except BrokerConnectionError as failure:
        log.warning("rejection_not_published", clinic=clinic, reason=error.reason, error=str(failure))
