"""The retry table: for every reason of a failed date, whether and when it is retried.

    at once          the next try follows immediately; if that fails as well, like `later`
    later            after a pause that doubles, with jitter, so that many dates do not retry together
    after sign-in    as `later`; the session was dropped, so the next try signs in first
    never            a person has to look, or a retry does harm

A Retry-After is a minimum: no retry comes before it. Some failures are not the date's own: they do not count as an
attempt, and only `seconds` and the sync's own time-out limit them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from engine.failure import Failure, Reason


class When(Enum):
    AT_ONCE = auto()
    LATER = auto()
    AFTER_SIGN_IN = auto()
    NEVER = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `attempts` tries, none later than `seconds` after the date's first; pauses from `base` to `cap`.

    All times are in seconds. Not `counted`: the try does not use up an attempt.
    """

    when: When
    attempts: int = 1
    base: float = 1.0
    cap: float = 60.0
    seconds: float = 900.0
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """`delay` in seconds until the next try; None: the date has failed."""

    delay: float | None
    counted: bool = True
    after_sign_in: bool = False


NEVER = Rule(When.NEVER)

RULES: dict[Reason, Rule] = {
    Reason.NO_CREDENTIALS: NEVER,
    Reason.NO_COMPANY_ID: NEVER,
    Reason.LOGIN_REJECTED: NEVER,
    Reason.ACCOUNT_LOCKED: NEVER,
    Reason.SECOND_FACTOR: NEVER,
    # The failed scrape has already signed in again, so something else is wrong.
    Reason.SESSION_ENDED: Rule(When.AFTER_SIGN_IN, attempts=3, base=2.0),
    # The shared rate limit slows down in the meantime, which makes the next refusal less likely.
    Reason.RATE_LIMITED: Rule(When.LATER, attempts=10, base=1.0),
    # The portal returned a status from 500 to 599.
    Reason.PORTAL_UNAVAILABLE: Rule(When.LATER, attempts=6, base=2.0),
    Reason.MAINTENANCE: Rule(When.LATER, attempts=5, base=15.0, cap=120.0),
    Reason.CONNECTION_LOST: Rule(When.AT_ONCE, attempts=5, base=1.0),
    Reason.TIMED_OUT: Rule(When.LATER, attempts=4, base=2.0),
    Reason.BAD_ANSWER: Rule(When.AT_ONCE, attempts=4, base=2.0),
    # The date was not requested, so no attempt is counted; the waits count as time, well below the sync's
    # time-out.
    Reason.CIRCUIT_OPEN: Rule(When.LATER, base=5.0, seconds=180.0, counted=False),
    Reason.PORTAL_CHANGED: NEVER,
    Reason.LEFT_PORTAL: NEVER,
    # The date was not claimed: another worker, with the right settings, may take it as long as its sync runs.
    Reason.WRONG_ENCRYPTION_KEY: Rule(When.LATER, counted=False),
    Reason.WRONG_PORTAL: Rule(When.LATER, counted=False),
    Reason.BROWSER_CRASHED: Rule(When.AT_ONCE, seconds=300.0, counted=False),
    Reason.DELIVERIES_EXHAUSTED: NEVER,
    Reason.INTERNAL: Rule(When.LATER, attempts=3, base=5.0),
    Reason.SYNC_ENDED: NEVER,
}


def decide(failure: Failure, attempt: int, chance: float, elapsed: float = 0.0) -> Decision:
    """Decides what follows a failed try.

    `attempt` counts the counted tries of this date, this one included; `elapsed` is seconds since its first try;
    `chance` is uniform in [0, 1).
    """
    rule = RULES[failure.reason]
    if rule.when is When.NEVER or (rule.counted and attempt >= rule.attempts):
        return Decision(None)
    delay = pause(rule, attempt, chance)
    if failure.retry_after is not None:
        # Somewhat above the minimum, so that callers with the same Retry-After do not return at the same moment.
        delay = max(delay, failure.retry_after + chance * rule.base)
    if elapsed + delay > rule.seconds:
        return Decision(None)
    return Decision(delay, rule.counted, rule.when is When.AFTER_SIGN_IN)


def pause(rule: Rule, attempt: int, chance: float) -> float:
    """Exponential backoff in seconds; the jitter takes up to half of it away."""
    doublings = attempt - 1 if rule.when is not When.AT_ONCE else attempt - 2
    if doublings < 0:
        return 0.0
    longest = min(rule.base * 2.0 ** min(doublings, 32), rule.cap)
    return longest * (1.0 - chance / 2)
