"""A clinic, as far as the engine needs to know it."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.errors import BadRequest, NoTimeZone

#: A slug stands for the clinic in NATS subjects, so it contains no character with a meaning there.
SLUG = re.compile(r"[a-z0-9-]{1,40}")

#: The days that a sync reads, from today, unless others are given.
SYNC_DAYS = 14


@dataclass(frozen=True, slots=True)
class Clinic:
    """A clinic. `timezone` is an IANA name; `country` (ISO 3166, two letters) selects how local phone numbers are
    read.

    `resources` are the room ids that count as capacity; None: all rooms that the portal names. `timezone_problem`
    says why its zone is not known; `timezone` is empty then. `horizon_days` is how many days its schedule reads
    unless another number is given. `portal` is the address of its own portal; None: the default.
    """

    id: UUID
    slug: str
    name: str
    timezone: str
    country: str = "US"
    resources: tuple[str, ...] | None = None
    timezone_problem: str | None = None
    horizon_days: int = SYNC_DAYS
    portal: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Raises `NoTimeZone` if the clinic's zone is not known."""
        if self.timezone_problem is not None:
            raise NoTimeZone(
                f"clinic {self.slug!r} has no time zone to go by: {self.timezone_problem}; an operator has to set it",
                hint=set_zone(self.slug, self.name),
            )
        return ZoneInfo(self.timezone)

    def today(self, now: datetime) -> date:
        """The calendar day in the clinic at `now` (aware)."""
        return now.astimezone(self.zone).date()


def check_zone(timezone: str) -> ZoneInfo:
    """The zone of an IANA name. Raises `BadRequest` for anything else."""
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise BadRequest(
            f"timezone: {timezone!r} is not an IANA time zone; use one like 'America/Chicago'"
        ) from None


def set_zone(slug: str, name: str) -> str:
    """The command that sets the clinic's time zone."""
    return f"idexx-sync clinic add {slug} --name {shlex.quote(name)} --timezone ZONE"


def check_slug(slug: str) -> str:
    if not SLUG.fullmatch(slug):
        raise BadRequest(f"clinic: {slug!r} is not a valid slug; use 1 to 40 of a-z, 0-9 and '-'")
    return slug
