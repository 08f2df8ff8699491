"""What a token bucket allows: pure arithmetic on the record that all processes share."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: How late a token may be used, in seconds. Who wakes later takes a new one: the token belongs to the past.
LATEST_USE = 0.05


@dataclass(frozen=True, slots=True)
class Record:
    """What the processes share. Times are the server's, in seconds since the epoch."""

    #: When the bucket will be full again, if nothing more is taken.
    full_at: float = 0.0
    #: No token is valid before this.
    paused_until: float = 0.0
    #: Counts the pauses: a token of an earlier count is void.
    pauses: int = 0
    #: The rate was lowered to this share of the full one …
    share: float = 1.0
    #: … at this time, and grows back from then on.
    lowered_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a bucket allows: `rate` tokens a second, `burst` at once. Pure arithmetic on records."""

    rate: float
    burst: float
    #: How long the rate takes to grow from nothing to full, in seconds.
    recovery: float
    #: It is never lowered below this share.
    least: float

    def share(self, record: Record, now: float) -> float:
        """The share of the full rate that is allowed now."""
        return min(1.0, record.share + max(0.0, now - record.lowered_at) / self.recovery)

    @property
    def latest_use(self) -> float:
        """How late a token may be used, in seconds; less for a bucket without a burst, whose rate it would lower."""
        return min(LATEST_USE, max(self.burst - 1, 0.1) / self.rate)

    @property
    def slack(self) -> float:
        """How far the bucket may be ahead of its rate; what a late use may add is not."""
        return max(0.0, (self.burst - 1) / self.rate - self.latest_use)

    def interval(self, record: Record, now: float) -> float:
        """The time between two tokens, when there is nothing saved up."""
        lateness = max(0.0, self.latest_use - (self.burst - 1) / self.rate)
        return 1 / (self.rate * self.share(record, now)) + lateness

    def take(self, record: Record, now: float, count: int) -> tuple[Record, list[float]]:
        """Takes `count` tokens: the new record, and when each may be used, `now` or later."""
        interval = self.interval(record, now)
        full_at = max(record.full_at, now, record.paused_until + self.slack)
        times = [max(now, full_at + number * interval - self.slack) for number in range(count)]
        return replace(record, full_at=full_at + count * interval), times

    def pause(self, record: Record, now: float, seconds: float) -> Record:
        """No token is valid for `seconds` from now on, and afterwards nothing is saved up."""
        until = max(record.paused_until, now + seconds)
        # What was taken for later is void and comes back; what may have been used by now does not.
        full_at = min(record.full_at, now + self.slack + self.interval(record, now))
        return replace(record, paused_until=until, full_at=full_at, pauses=record.pauses + 1)

    def slow_down(self, record: Record, now: float, factor: float) -> Record:
        """The rate of this moment times `factor`."""
        return replace(record, share=max(self.least, self.share(record, now) * factor), lowered_at=now)
