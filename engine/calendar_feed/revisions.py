"""Numbers the revisions of a feed's events, and decides which are published as cancelled, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.calendar_feed.event import FeedEvent

#: How long an event that is gone is published as cancelled. Programs that replace their copy drop it anyway; those that
#: merge need to read the cancellation once, and the longest interval that common programs offer is a week.
CANCELLED_FOR = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Revision:
    """The newest revision of an event that a feed has published. It holds no text of the event."""

    uid: str
    sequence: int
    content_hash: str
    starts_at: datetime
    ends_at: datetime
    is_all_day: bool
    changed_at: datetime
    cancelled_at: datetime | None = None

    @property
    def is_cancelled(self) -> bool:
        return self.cancelled_at is not None


@dataclass(frozen=True, slots=True)
class Revised:
    """The revisions of a feed. `written` are those that are new; `dropped` are the uids that are published no more."""

    current: tuple[Revision, ...]
    written: tuple[Revision, ...]
    dropped: tuple[str, ...]


def revise(
    events: Iterable[FeedEvent],
    known: Mapping[str, Revision],
    *,
    now: datetime,
    begins: datetime,
    created_at: datetime,
    zone: ZoneInfo,
) -> Revised:
    """The revisions of what the feed shows now. `begins`: the feed shows nothing that ended before; `created_at`: when
    the feed was made.

    A sequence number is the feed's age in seconds, and at least one more than the one before. So it also grows for an
    event that comes back after its revision was dropped.
    """
    age = max(0, int((now - created_at).total_seconds()))
    current, written = [], []
    for event in events:
        before = known.get(event.uid)
        if before is not None and not before.is_cancelled and before.content_hash == event.content_hash:
            current.append(before)
            continue
        sequence = age if before is None else max(before.sequence + 1, age)
        starts_at, ends_at = (_instant(at, zone) for at in (event.starts, event.ends))
        revision = Revision(event.uid, sequence, event.content_hash, starts_at, ends_at, event.is_all_day, now)
        current.append(revision)
        written.append(revision)
    shown = {revision.uid for revision in current}
    dropped = []
    for uid, before in known.items():
        if uid in shown:
            continue
        cancelled = before.cancelled_at or now
        if before.ends_at <= begins or now - cancelled >= CANCELLED_FOR:
            dropped.append(uid)
        elif before.is_cancelled:
            current.append(before)
        else:
            gone = replace(before, sequence=max(before.sequence + 1, age), changed_at=now, cancelled_at=now)
            current.append(gone)
            written.append(gone)
    return Revised(tuple(current), tuple(written), tuple(dropped))


def _instant(at: datetime | date, zone: ZoneInfo) -> datetime:
    return at if isinstance(at, datetime) else datetime.combine(at, time(), zone)
