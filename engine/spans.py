"""How many days one calendar call reads for a clinic: at most the setting, less where its portal fails for so many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine.failure import Failure, Reason
from engine.snapshot import Snapshot

#: Time after which a clinic's portal is asked for twice as many days.
LARGER_AFTER = timedelta(days=1)

#: Doublings that exceed any setting.
MANY_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class LearntSpan:
    """The number of days that a portal answered when a longer range failed or was cut off, and when that was."""

    days: int
    at: datetime

    def usable(self, limit: int, now: datetime) -> int:
        """The days to ask for now: twice as many for each day that has passed, at most `limit`."""
        doublings = min(max((now - self.at) // LARGER_AFTER, 0), MANY_DOUBLINGS)
        return min(limit, self.days << doublings)


def learn(found: Mapping[date, Snapshot | Failure], limit: int) -> int | None:
    """The days of one call that the portal answers, if the scrape of these dates shows that it is fewer than asked.

    `limit` is the longest range that one call of the scrape asked for. A day that fails by itself says nothing of
    longer ranges. If every call has timed out, half of the range may be answered in time.
    """
    asked = min(len(found), limit)
    failures = [each for each in found.values() if isinstance(each, Failure)]
    if failures:
        is_slow = len(failures) == len(found) and all(each.reason is Reason.TIMED_OUT for each in failures)
        return (asked + 1) // 2 if is_slow and asked > 1 else None
    longest = max((_days(each) for each in found.values() if isinstance(each, Snapshot)), default=asked)
    return longest if longest < asked else None


def _days(snapshot: Snapshot) -> int:
    """The length of the range of the call that showed this snapshot."""
    return (snapshot.proof.asked_to - snapshot.proof.asked_from).days + 1
