"""The clinics of the sandbox: invented practices in several time zones, countries and conventions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ops.sandbox.field_variants import FieldVariant
from ops.sandbox.phones import Country


@dataclass(frozen=True, slots=True)
class Provider:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Room:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Hours:
    """A period of time in which a clinic is open on each of these days; 0 is Sunday."""

    days: tuple[int, ...]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Clinic:
    """A practice. A closed day has at most two appointments. `rooms` are the columns of its calendar, in order.

    `after_hours`: it takes emergencies that start late in the evening and end after midnight.
    `field_variant` and `wrapper`: the format of this clinic's responses unless a fault setting overrides it.
    """

    company_id: str
    slug: str
    name: str
    timezone: str
    country: Country
    hours: tuple[Hours, ...]
    slot_minutes: int
    providers: tuple[Provider, ...]
    rooms: tuple[Room, ...]
    field_variant: FieldVariant
    wrapper: str
    after_hours: bool = False

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def username(self) -> str:
        return f"frontdesk@{self.slug}.example"

    @property
    def password(self) -> str:
        return f"open-{self.slug}"

    @property
    def opens(self) -> time:
        """The earliest opening time of the week."""
        return min(each.opens for each in self.hours)

    @property
    def closes(self) -> time:
        return max(each.closes for each in self.hours)

    @property
    def days_of_week(self) -> tuple[int, ...]:
        return tuple(sorted({day for each in self.hours for day in each.days}))

    def is_open(self, day: date) -> bool:
        return bool(self.open_on(day))

    def open_on(self, day: date) -> list[tuple[datetime, datetime]]:
        """Returns the opening periods of that day, in order."""
        weekday = day.isoweekday() % 7
        return sorted(
            (datetime.combine(day, each.opens), datetime.combine(day, each.closes))
            for each in self.hours
            if weekday in each.days
        )

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()


def catalogue(count: int) -> list[Clinic]:
    """Returns the first `count` clinics; after the known ones, the same practices repeat as branches."""
    return [_branch(KNOWN[n % len(KNOWN)], n // len(KNOWN), n) for n in range(count)]


def _branch(clinic: Clinic, branch: int, number: int) -> Clinic:
    if branch == 0:
        return clinic
    return replace(
        clinic,
        company_id=str(20000 + number),
        slug=f"{clinic.slug}-{branch + 1}",
        name=f"{clinic.name} {branch + 1}",
    )


def _providers(*names: str) -> tuple[Provider, ...]:
    return tuple(Provider(number, name) for number, name in enumerate(names, start=1))


def _rooms(*names: str) -> tuple[Room, ...]:
    return tuple(Room(f"room-{number}", name) for number, name in enumerate(names, start=1))


MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)
SATURDAY = (6,)


def _hours(days: tuple[int, ...], *stretches: str) -> tuple[Hours, ...]:
    """Returns the opening periods (such as `08:00-12:00`) of the given days."""
    times = [[time.fromisoformat(text) for text in stretch.split("-")] for stretch in stretches]
    return tuple(Hours(days, opens, closes) for opens, closes in times)


#: Three columns of this clinic's calendar are named after doctors, as in a real one.
CEDAR_CREEK_DOCTORS = ("Dr. Imogen Hartwell", "Dr. José Ibarra-Núñez", "Dr. Priya Raman")

KNOWN = (
    Clinic(
        company_id="12045",
        slug="cedar-creek",
        name="Cedar Creek Animal Hospital",
        timezone="America/Denver",
        country="US",
        hours=_hours(MONDAY_TO_FRIDAY, "08:00-12:00", "13:00-18:00") + _hours(SATURDAY, "09:00-14:00"),
        slot_minutes=15,
        providers=_providers(*CEDAR_CREEK_DOCTORS, "Tech: Wes Calloway"),
        rooms=_rooms("Exam 1", "Exam 2", "Exam 3", *CEDAR_CREEK_DOCTORS),
        field_variant="2026",
        wrapper="array",
        after_hours=True,
    ),
    Clinic(
        company_id="12078",
        slug="harbour-lane",
        name="Harbour Lane Vets",
        timezone="Europe/London",
        country="GB",
        hours=_hours(MONDAY_TO_FRIDAY, "08:30-18:30") + _hours(SATURDAY, "08:30-14:30"),
        slot_minutes=10,
        providers=_providers("Dr Siân Pemberley", "Dr Tobias Ashdown", "Nurse Orla Finnegan"),
        rooms=_rooms("Consult A", "Consult B", "Theatre"),
        field_variant="2026",
        wrapper="events",
    ),
    Clinic(
        company_id="12113",
        slug="banksia",
        name="Banksia Veterinary Clinic",
        timezone="Australia/Adelaide",
        country="AU",
        hours=_hours(MONDAY_TO_FRIDAY, "07:30-19:00") + _hours(SATURDAY, "08:00-15:00"),
        slot_minutes=15,
        providers=_providers("Dr Matilda Quill", "Dr Nguyễn Minh Châu", "Dr Lachlan Orr"),
        rooms=_rooms("Room 1", "Room 2", "Room 3"),
        field_variant="2026",
        wrapper="data",
    ),
    Clinic(
        company_id="12150",
        slug="lindenhof",
        name="Tierarztpraxis Lindenhof",
        timezone="Europe/Berlin",
        country="DE",
        hours=_hours((1, 2, 4, 5), "08:00-12:00", "13:30-17:00") + _hours((3,), "08:00-14:00"),
        slot_minutes=20,
        providers=_providers("Dr. med. vet. Jördis Kühnel", "Dr. Łukasz Brandt"),
        rooms=_rooms("Behandlung 1", "Behandlung 2", "OP"),
        field_variant="2026",
        wrapper="appointments",
    ),
    Clinic(
        company_id="12191",
        slug="erabliere",
        name="Clinique vétérinaire de l'Érablière",
        timezone="America/Toronto",
        country="CA",
        hours=_hours(MONDAY_TO_FRIDAY, "08:00-12:30", "13:30-20:00") + _hours(SATURDAY, "09:00-15:00"),
        slot_minutes=15,
        providers=_providers("Dre Maëlle Thibodeau", "Dr Étienne Gagné", "Dr Wei-Lin 陳"),
        rooms=_rooms("Salle 1", "Salle 2", "Salle 3", "Chirurgie"),
        field_variant="2026",
        wrapper="results",
    ),
)
