"""What needs a person and concerns the whole installation: decided from what a gateway has found out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from actors.runtime.portal_limits import PortalState
from engine.attention import Attention, AttentionKind
from engine.clock_skew import TOLERATED
from engine.failure import Reason

#: Free space in bytes below which a disk counts as full: browsers and servers have stopped, or will soon.
TOO_LITTLE = 10**8
#: The share of its setting below which a rate limit is reported: a single refusal lowers it to 0.8.
THROTTLED = 0.5


_LEFT = {
    Reason.WRONG_ENCRYPTION_KEY: AttentionKind.WRONG_KEY,
    Reason.WRONG_PORTAL: AttentionKind.WRONG_PORTAL,
}


@dataclass(frozen=True, slots=True)
class PostgresqlFacts:
    """`differs`: its clock from this machine's, in seconds. `left`: the clinics whose dates wait for a worker
    with other settings, by reason.
    """

    accepts_writes: bool = True
    is_disk_full: bool = False
    differs: float = 0.0
    left: Mapping[Reason, Collection[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a gateway has found out; what it could not find out is as if nothing were wrong."""

    portals: Sequence[PortalState] = ()
    stores: bool = True
    """Whether NATS confirms a write."""
    postgresql: PostgresqlFacts = PostgresqlFacts()
    free: Mapping[Path, int] = field(default_factory=dict)
    """The free bytes at folders of this machine, each on another disk."""


class FirstSeen:
    """Gives each item the time at which this process saw it first, and forgets those that have ended."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def of(self, items: Iterable[Attention], now: datetime) -> list[Attention]:
        found = [replace(item, since=self._since.get(item.key, now)) for item in items]
        self._since = {item.key: item.since for item in found}
        return found


def installation_items(facts: Facts, now: datetime) -> Iterator[Attention]:
    """The items, all since `now`."""

    def item(kind: AttentionKind, of: str, **details: object) -> Attention:
        return Attention(f"{kind}:{of}", kind, None, now, details={"of": of, **details})

    for one in facts.portals:
        if one.breaker != "closed":
            yield item(AttentionKind.PORTAL_AWAY, one.portal, breaker=one.breaker)
        elif one.paused_for > 0 or one.rate < THROTTLED * one.limit:
            yield item(AttentionKind.BUDGET_USED_UP, one.portal, limit=one.limit)
    if not facts.stores:
        yield item(AttentionKind.DISK_FULL, "NATS", problem="it confirms no write")
    database = facts.postgresql
    if database.is_disk_full:
        yield item(AttentionKind.DISK_FULL, "PostgreSQL", problem="no space is left on its disk")
    if not database.accepts_writes:
        yield item(AttentionKind.DATABASE_READ_ONLY, "PostgreSQL")
    if database.differs > TOLERATED:
        yield item(AttentionKind.CLOCK_OFF, "PostgreSQL", seconds=round(database.differs))
    for reason, kind in _LEFT.items():
        if clinics := database.left.get(reason):
            yield item(kind, "date_scraper", clinics=len(clinics))
    for folder, left in facts.free.items():
        if left < TOO_LITTLE:
            yield item(
                AttentionKind.DISK_FULL, f"{folder} on a gateway's machine", problem="almost no space is free"
            )
