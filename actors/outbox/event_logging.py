"""Logs sync events: one line per event, with the fields that an operator searches for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from engine.events import Event

log = structlog.get_logger("idexx_sync")

_DETAILS = (
    "dry_run",
    "attempt",
    "reason",
    "next_try_at",
    "added",
    "updated",
    "removed",
    "unchanged",
    "position",
    "partial_success",
    "removals_held",
    "duration_ms",
    "message",
)
_ALARMING = {Event.DATE_FAILED, Event.FAILED, Event.TIMED_OUT, Event.HELD, Event.DATE_RETRYING}


def log_event(event: Mapping[str, Any]) -> None:
    """Logs an event that has just been published."""
    name = Event(event["event"])
    say = log.warning if name in _ALARMING else log.info
    subject = {"sync_id": event["sync_id"], "clinic": event["clinic"]}
    if "date" in event:
        subject["date"] = event["date"]
    details = {key: event[key] for key in _DETAILS if event.get(key) is not None}
    say(f"sync_{name}" if not name.startswith("date") else str(name), **subject, **details)
