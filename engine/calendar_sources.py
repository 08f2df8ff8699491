"""One `CalendarSource` for each portal address: credentials go to the portal that they were stored for, to no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

from engine.calendar_source import CalendarSource
from engine.clinic import Clinic
from engine.config_reading import ConfigReading
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.evidence import EvidenceSink
from engine.extra_calls import ExtraCalls
from engine.failure import Failure
from engine.lookups import Lookups
from engine.snapshot import Snapshot


class CalendarSources:
    """Implements `CalendarSource` with one source for each address, made at its first call.

    `make` makes the source of an address; None: the default portal's. There are as many as clinics have portals of
    their own (`MAX_ADDRESSES`), and they share the browser, whose memory the default source reports.
    """

    def __init__(self, make: Callable[[str | None], CalendarSource]) -> None:
        self._make = make
        self._default = make(None)
        self._sources: dict[str | None, CalendarSource] = {None: self._default}

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
        return await self._of(credentials).scrape(
            clinic,
            credentials,
            dates,
            clock=clock,
            stored=stored,
            is_open=is_open,
            repeating=repeating,
            is_first=is_first,
            extra_calls=extra_calls,
            evidence=evidence,
        )

    async def schedule_config(self, clinic: Clinic, credentials: Credentials) -> ConfigReading | Failure:
        return await self._of(credentials).schedule_config(clinic, credentials)

    async def look_up(
        self, clinic: Clinic, credentials: Credentials, ids: Sequence[str], *, known: str | None
    ) -> Lookups:
        return await self._of(credentials).look_up(clinic, credentials, ids, known=known)

    async def check_credentials(self, clinic: Clinic, credentials: Credentials) -> Failure | None:
        return await self._of(credentials).check_credentials(clinic, credentials)

    async def memory_mib(self) -> float:
        return await self._default.memory_mib()

    async def close(self) -> None:
        """Closes every source; the default one last, since it owns what they share."""
        for source in reversed(list(self._sources.values())):
            await source.close()

    def _of(self, credentials: Credentials) -> CalendarSource:
        if (source := self._sources.get(credentials.address)) is None:
            source = self._sources[credentials.address] = self._make(credentials.address)
        return source
