"""The data calls of a first contact: both configurations, the calendar in growing ranges, one appointment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import date, datetime
from functools import partial

from engine.appointment import Appointment
from engine.config_reading import ConfigReading
from engine.dates import DateRange
from engine.lookups import Lookup, LookupOutcome
from engine.portal.appointment_calls import look_up
from engine.portal.calendar import CALENDAR_PATH, calendar_query, read_calendar
from engine.portal.call_context import CallContext
from engine.portal.config_calls import ABSENT, PATHS
from engine.portal.contact.report import ContactReport, Understood
from engine.portal.drift import SharedIds
from engine.portal.response import PortalResponse
from engine.portal.schedule_config import ConfigSource, read_config
from engine.portal.settings import PortalSettings
from engine.portal.signed_in_context import SignedInContext
from engine.repeating import portal_id
from engine.snapshot import Snapshot

Found = tuple[bool, str]


class ContactCalls:
    """Makes the calls, and adds what they show to the report."""

    def __init__(
        self,
        signed_in: SignedInContext,
        settings: PortalSettings,
        call_context: CallContext,
        report: ContactReport,
    ) -> None:
        self._signed_in = signed_in
        self._settings = settings
        self._call_context = call_context
        self._report = report
        self._days: Mapping[date, Snapshot] = {}
        self._repeating: set[str] = set()

    def configuration(self) -> Iterator[tuple[str, Callable[[], Awaitable[Found]]]]:
        for source, path in PATHS.items():
            yield f"configuration ({source})", partial(self._configuration, source, path)

    async def calendar(self, dates: DateRange) -> str:
        self._take(await self._read(dates))
        return self._describe()

    async def longer(self, dates: DateRange) -> Found:
        """Whether a longer range shows the days that are known as they were shown before."""
        before = {day: _keys(snapshot) for day, snapshot in self._days.items()}
        found = await self._read(dates)
        short = [day for day, keys in before.items() if keys - _keys(found[day])]
        if short:
            return False, f"answered, but {len(short)} of its days lack records that the shorter range shows"
        self._take(found)
        return True, self._describe()

    async def one_appointment(self) -> Found:
        """Asks for one of the appointments that the calendar has shown."""
        shown = next((each for each in self._appointments() if not each.is_block), None)
        if shown is None:
            return False, "the calendar shows no appointment to ask for"
        zone = self._call_context.clinic.zone
        lookup = await look_up(self._signed_in, portal_id(shown.neo_appointment_id), zone)
        return lookup.outcome is not LookupOutcome.UNKNOWN, _compared(lookup, shown)

    async def _configuration(self, source: ConfigSource, path: str) -> Found:
        def understand(answer: PortalResponse, now: datetime) -> ConfigReading | None:
            return None if answer.status in ABSENT else read_config(answer, now, source)

        reading = await self._signed_in.read(path, {}, understand)
        if reading is None:
            return False, "the portal does not have this call"
        self._report.config = reading.config.updated_by(self._report.config)
        self._report.problems += tuple(
            problem
            for problem in reading.problems
            if problem.field not in {p.field for p in self._report.problems}
        )
        return True, "; ".join([_parts(reading), *(problem.message for problem in reading.problems)])

    async def _read(self, dates: DateRange) -> Mapping[date, Snapshot]:
        """Reads the days. Ids at several times of one day count as repeating: a sync looks twice before it does."""

        def understand(answer: PortalResponse, now: datetime) -> Mapping[date, Snapshot]:
            clinic, ignored = self._call_context.clinic, self._settings.ignored_fields
            return read_calendar(answer, clinic, dates, now, ignored, self._repeating)

        try:
            return await self._signed_in.read(CALENDAR_PATH, calendar_query(dates), understand)
        except SharedIds as shared:
            self._repeating |= {identity for identity, _ in shared.starts}
        return await self._signed_in.read(CALENDAR_PATH, calendar_query(dates), understand)

    def _take(self, found: Mapping[date, Snapshot]) -> None:
        self._days = found
        self._report.understood = Understood()
        self._report.understood.take(list(found.values()), self._report.config)
        self._report.longest = len(found)

    def _appointments(self) -> Iterator[Appointment]:
        return (each for found in self._days.values() for each in found.appointments)

    def _describe(self) -> str:
        kinds = Counter(each.is_block for each in self._appointments())
        first = next(iter(self._days.values())).proof
        return f"{kinds[False]} appointments, {kinds[True]} blocks; {first.records_read} records ({first.wrapper})"


def _keys(snapshot: Snapshot) -> set[tuple[str, datetime]]:
    return {(portal_id(each.neo_appointment_id), each.starts_at) for each in snapshot.appointments}


def _parts(reading: ConfigReading) -> str:
    config = reading.config
    hours = f"{len({each.weekday for each in config.hours})} days open" if config.hours else "no hours"
    interval = f"slots of {config.slot_minutes} min" if config.slot_minutes else "no slot interval"
    return f"{hours}, {interval}, {len(config.rooms or ())} columns, {len(config.types or ())} types"


def _compared(lookup: Lookup, shown: Appointment) -> str:
    """What the answer says of an appointment that the calendar shows. A reason for its end may be typed by a person."""
    if lookup.outcome is LookupOutcome.LIVE:
        is_same = lookup.starts_at == shown.starts_at
        return (
            "live, at the time that the calendar shows"
            if is_same
            else "live, but at another time than in the calendar"
        )
    if lookup.outcome is LookupOutcome.GONE:
        return "deleted or cancelled, though the calendar shows it"
    return lookup.reason or "the answer proves nothing"
