"""The arithmetic of a token bucket: pure functions on the record that all processes share."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: How late a token may be used, in seconds. A waiter that wakes later takes a new token.
LATEST_USE = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    """The shared record. Times are the server's, in seconds since the epoch."""

    #: When the bucket will be full again if no more tokens are taken.
    full_at: float = 0.0
    #: No token is valid before this.
    paused_until: float = 0.0
    #: Number of pauses so far: a token taken at a lower number is void.
    pauses: int = 0
    #: The share of the full rate to which the rate was lowered …
    share: float = 1.0
    #: … at this time; it grows back from then on.
    lowered_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits of a bucket: `rate` tokens per second, `burst` at once. Its methods are pure."""

    rate: float
    burst: float
    #: How long the rate takes to grow from nothing to full, in seconds.
    recovery: float
    #: The rate is never lowered below this share.
    least: float

    def share(self, record: Record, now: float) -> float:
        """Returns the share of the full rate that is allowed at `now`."""
        return min(1.0, record.share + max(0.0, now - record.lowered_at) / self.recovery)

    @property
    def latest_use(self) -> float:
        """How late a token may be used, in seconds; less for a bucket without a burst, to keep its rate from
        dropping."""
        return min(LATEST_USE, max(self.burst - 1, 0.1) / self.rate)

    @property
    def slack(self) -> float:
        """How far the bucket may be ahead of its rate, in seconds, less the allowed lateness of a token."""
        return max(0.0, (self.burst - 1) / self.rate - self.latest_use)

    def interval(self, record: Record, now: float) -> float:
        """Returns the seconds between two tokens when the bucket is empty."""
        lateness = max(0.0, self.latest_use - (self.burst - 1) / self.rate)
        return 1 / (self.rate * self.share(record, now)) + lateness

    def take(self, record: Record, now: float, count: int) -> tuple[Record, list[float]]:
        """Takes `count` tokens; returns the new record, and when each may be used (`now` or later)."""
        interval = self.interval(record, now)
        full_at = max(record.full_at, now, record.paused_until + self.slack)
        times = [max(now, full_at + number * interval - self.slack) for number in range(count)]
        return replace(record, full_at=full_at + count * interval), times

    def pause(self, record: Record, now: float, seconds: float) -> Record:
        """Returns the record with a pause: no token is valid for `seconds`, and then the bucket starts empty."""
        until = max(record.paused_until, now + seconds)
        # Tokens taken for later are void and are returned to the bucket; those that may have been used are not.
        full_at = min(record.full_at, now + self.slack + self.interval(record, now))
        return replace(record, paused_until=until, full_at=full_at, pauses=record.pauses + 1)

    def slow_down(self, record: Record, now: float, factor: float) -> Record:
        """Returns the record with the current rate multiplied by `factor`."""
        return replace(record, share=max(self.least, self.share(record, now) * factor), lowered_at=now)
