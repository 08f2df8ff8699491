"""Decides what follows a webhook try: delivered, tried again after a while, or given up.

| response | what follows |
| --- | --- |
| 2xx | delivered |
| 410 | given up, and the webhook is paused: its receiver is gone permanently |
| not a public address | given up: the webhook is wrong, or its name was pointed elsewhere |
| anything else, or none | the next try of the schedule, or given up after the last one |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from engine.retry_after import read_retry_after
from engine.webhook import TEST, DeliveryState

#: Seconds between one try and the next: nine tries in a day. Short at first, for a receiver that restarts; then
#: long, for one whose operators have to notice.
SCHEDULE = (5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 8 * 3600.0, 12 * 3600.0)

#: A wait is drawn from this share below to this share above the schedule's, so that deliveries that failed
#: together are not retried together.
JITTER = 0.2

#: The longest `Retry-After` that is honored, in seconds.
LONGEST_RETRY_AFTER = 6 * 3600.0

#: An older delivery is not sent any more: it waited while its webhook was paused.
OLDEST = timedelta(days=3)


class AttemptReason(StrEnum):
    """Why a try did not deliver. The words are part of the log of deliveries."""

    TIMEOUT = "timeout"
    UNKNOWN_HOST = "unknown_host"
    NO_CONNECTION = "no_connection"
    TLS = "tls_failed"
    NOT_ALLOWED = "address_not_allowed"
    BAD_ANSWER = "bad_answer"
    REDIRECT = "redirect"
    STATUS = "http_status"
    GONE = "gone"
    NO_KEY = "key_missing"
    LOST = "worker_lost"
    TOO_OLD = "too_old"
    REMOVED = "webhook_removed"


#: Reasons for which a retry would not help.
HOPELESS = {AttemptReason.GONE, AttemptReason.NOT_ALLOWED, AttemptReason.TOO_OLD}


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """Result of a try. `reason` None: delivered. `retry_after` in seconds, as the receiver asked."""

    reason: AttemptReason | None
    status: int | None = None
    retry_after: float | None = None
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class AttemptDecision:
    """`wait`: seconds until the next try of a pending delivery. `pause`: nothing more is sent to this webhook."""

    state: DeliveryState
    wait: float = 0.0
    pause: bool = False


def read_status(status: int, retry_after: str | None, now: datetime, duration_ms: int) -> AttemptResult:
    """The result that an HTTP response means."""
    reason = _reason_of(status)
    wait = read_retry_after(retry_after, now, LONGEST_RETRY_AFTER)
    return AttemptResult(reason, status, wait if reason else None, duration_ms)


def _reason_of(status: int) -> AttemptReason | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return AttemptReason.REDIRECT
    return AttemptReason.GONE if status == 410 else AttemptReason.STATUS


def decide(
    answer: AttemptResult, event: str, attempts: int, schedule: Sequence[float], jitter: float
) -> AttemptDecision:
    """Decides what follows try number `attempts` (1, 2 …). `jitter` is from 0 to 1. A test is tried once."""
    if answer.reason is None:
        return AttemptDecision(DeliveryState.DELIVERED)
    if answer.reason in HOPELESS or event == TEST or attempts > len(schedule):
        return AttemptDecision(DeliveryState.FAILED, pause=answer.reason is AttemptReason.GONE)
    wait = schedule[attempts - 1] * (1 + JITTER * (2 * jitter - 1))
    return AttemptDecision(DeliveryState.PENDING, wait=max(wait, answer.retry_after or 0.0))


def may_try(attempts: int, queued_at: datetime, now: datetime, schedule: Sequence[float]) -> AttemptReason | None:
    """Why try number `attempts` is not made any more; None: it may be made."""
    if now - queued_at > OLDEST:
        return AttemptReason.TOO_OLD
    # Each try is counted before it is made, so a delivery that kills its worker is not tried endlessly.
    return AttemptReason.LOST if attempts > len(schedule) + 1 else None
