"""What a DateScraper asks of a portal, whatever portal it is. `engine.portal` is the one there is;
docs/another-portal.md tells how to bring in another.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Protocol

from engine.clinic import Clinic
from engine.config_reading import ConfigReading
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.evidence import EvidenceSink
from engine.failure import Failure
from engine.snapshot import Snapshot


class CalendarSource(Protocol):
    """Of one process, on its event loop; several calls at once, also for one clinic.

    Whatever the portal does is a value: a `Failure` whose reason is of the closed list. Nothing is tried again here for
    longer than a call or two; that is for `engine.retry`. A call that is cancelled ends at once.
    """

    async def scrape(
        self,
        clinic: Clinic,
        credentials: Credentials,
        dates: DateRange,
        *,
        clock: Callable[[], datetime],
        stored: Mapping[date, int],
        is_open: Callable[[date], bool],
        repeating: Collection[str],
        evidence: EvidenceSink | None,
    ) -> Mapping[date, Snapshot | Failure]:
        """For each of `dates` a snapshot, which is complete and proves it, or a failure; nothing between.

        `scraped_at` of a snapshot is `clock()` just before its call was sent. `stored` is the number of appointments
        that are known of a date, `is_open` whether the clinic is open on it (True where that is not known): an answer
        without appointments for an open day, or where several are known, is asked for again before it is believed.
        An open day that stays empty has the warning `open_days_empty`.

        One id may stand on several dates: the engine finds out whether it moves or repeats. Several records of one date
        that share an id need ids of their own (`engine.repeating.as_occurrence`), as do those of ids in `repeating`.
        """

    async def schedule_config(self, clinic: Clinic, credentials: Credentials) -> ConfigReading | Failure:
        """Opening hours, slot interval, columns, types, providers; asked for once in a sync.

        A part that the portal does not give, or not in a form whose meaning is certain, is None and named in
        `problems`: what was read before stays in use, and nothing stands in for what was never read.
        """

    async def check_credentials(self, clinic: Clinic, credentials: Credentials) -> Failure | None:
        """Signs in for real, also where these credentials were refused before. None: the portal lets the clinic in."""

    async def memory_mib(self) -> float:
        """What its browser takes, if it has one; 0.0 otherwise."""

    async def close(self) -> None:
        """Ends everything that it has started."""
