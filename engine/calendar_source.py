"""The interface of a portal that a DateScraper reads.

`engine.portal` implements it; docs/another-portal.md describes how to add another portal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from engine.clinic import Clinic
from engine.config_reading import ConfigReading
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.evidence import EvidenceSink
from engine.extra_calls import ExtraCalls
from engine.failure import Failure
from engine.lookups import Lookups
from engine.snapshot import Snapshot


class CalendarSource(Protocol):
    """A portal of one process, on its event loop. Calls may run concurrently, even for one clinic.

    Portal failures are values: a `Failure` with a reason of the closed list. A source retries a call once or twice
    at most; longer retries belong to `engine.retry`. A cancelled call ends at once.
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
        is_first: bool,
        extra_calls: ExtraCalls,
        evidence: EvidenceSink | None,
    ) -> Mapping[date, Snapshot | Failure]:
        """Returns a complete snapshot with its proof, or a failure, for each of `dates`.

        `scraped_at` of a snapshot is `clock()` just before its call was sent. `stored` is the number of stored
        appointments of a date; `is_open` says whether the clinic is open on it (True if unknown). An answer
        without appointments for an open day, or for a day with several stored ones, is requested again before it
        is believed. An open day that stays empty has the warning `open_days_empty`.
        `is_first`: no sync of the clinic has completed, so one response alone is not believed.

        `extra_calls`: how many calls beyond the first of each span may be made; the source takes them before it makes
        them. An answer that cannot be confirmed within the limit fails its dates with `bad_answer`.

        One id may stand on several dates: the engine finds out whether it moves or repeats. Several records of one
        date that share an id need ids of their own (`engine.repeating.as_occurrence`), as do those of ids in
        `repeating`.
        """

    async def schedule_config(self, clinic: Clinic, credentials: Credentials) -> ConfigReading | Failure:
        """Returns opening hours, slot interval, columns, types and providers; called once in a sync.

        A part that the portal does not give, or gives in a form whose meaning is not certain, is None and named in
        `problems`: what was read before stays in use, and a part that was never read has no default.
        """

    async def look_up(
        self, clinic: Clinic, credentials: Credentials, ids: Sequence[str], *, known: str | None
    ) -> Lookups:
        """Asks for single appointments by the portal's ids: whether each is gone, or where it is.

        `known` is an id that the portal has. A failure, or an answer of another form, is `unknown`. A portal that
        cannot be asked for one id returns `lacks_call`.
        """

    async def check_credentials(self, clinic: Clinic, credentials: Credentials) -> Failure | None:
        """Signs in even if these credentials were refused before. None: the portal accepts them."""

    async def memory_mib(self) -> float:
        """Memory of the source's browser in MiB; 0.0 if it has none."""

    async def close(self) -> None:
        """Ends everything that the source has started."""
