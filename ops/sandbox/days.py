"""Generates a day of a clinic's calendar from a seed: equal seed, clinic, date and today give equal records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from ops.sandbox.clinics import Clinic
from ops.sandbox.fake_people import BLOCKS, VISIT_WEIGHTS, VISITS, client_and_patient
from ops.sandbox.phones import Country, Phone, phone_of, unreadable_phone
from ops.sandbox.records import Record

#: Range of the number of appointments on a normal day.
FEWEST, MOST = 15, 60
#: The block without a column: it is meant for the whole clinic.
MEETING = "Team meeting"
#: The day from which ids count days (the ordinal of a day in 1917).
EPOCH = 700_000


@dataclass(frozen=True, slots=True)
class Opening:
    """A free time in a room that a visit of type number `visit` could fill."""

    start: datetime
    minutes: int
    room: str
    visit: int

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)

    def is_blocked(self, blocks: list[Record]) -> bool:
        return any(
            block.room == self.room and block.start < self.end and self.start < block.end for block in blocks
        )


def records_of(clinic: Clinic, day: date, *, seed: int, today: date) -> list[Record]:
    """Returns the appointments, blocks and rosters that start on `day`. Statuses are those of noon of `today`."""
    rng = Random(f"{seed}/{clinic.company_id}/{day}")
    noon = datetime.combine(today, time(12))
    blocks = _blocks(clinic, day, rng)
    openings = _openings_of_the_day(clinic, day, blocks, rng)
    appointments = [_appointment(clinic, opening, noon, rng) for opening in openings]
    # The rare kinds come last, so that the others have the same ids on every day.
    drafts = appointments + blocks + list(_rosters(clinic, day)) + list(_rarities(clinic, day))
    return [_numbered(draft, day, number) for number, draft in enumerate(drafts, start=1)]


def day_of_id(record_id: int) -> date | None:
    """Returns the day for which a record was generated; None for an id that no generated record has."""
    ordinal = record_id // 1000 + EPOCH
    return date.fromordinal(ordinal) if EPOCH < ordinal < date.max.toordinal() else None


def _numbered(draft: Record, day: date, number: int) -> Record:
    # Two clinics may use the same number: an id is unique only within its clinic.
    return replace(draft, id=(day.toordinal() - EPOCH) * 1000 + number)


def _openings_of_the_day(clinic: Clinic, day: date, blocks: list[Record], rng: Random) -> list[Opening]:
    if not clinic.is_open(day):
        emergencies = [opening for opening in _openings(clinic, day, rng) if opening.start.hour in (10, 14)]
        return emergencies[: rng.randrange(3)]
    openings = [opening for opening in _openings(clinic, day, rng) if not opening.is_blocked(blocks)]
    rng.shuffle(openings)
    wanted = rng.randint(22, 54) if day.isoweekday() < 6 else rng.randint(FEWEST + 1, 24)
    chosen = sorted(openings[: min(wanted, MOST - 2)], key=lambda opening: (opening.start, opening.room))
    if clinic.after_hours and rng.random() < 0.3:
        chosen.append(Opening(datetime.combine(day, time(23, 30)), 60, clinic.rooms[0].id, 3))
    return chosen


def _openings(clinic: Clinic, day: date, rng: Random) -> Iterator[Opening]:
    """Yields times through each room's day; a visit rarely starts before the previous one has ended."""
    stretches = clinic.open_on(day) or [_usual_hours(clinic, day)]
    for room in clinic.rooms:
        for opens, closes in stretches:
            start = opens
            while start < closes:
                visit = rng.choices(range(len(VISITS)), VISIT_WEIGHTS)[0]
                minutes = -(-VISITS[visit][1] // clinic.slot_minutes) * clinic.slot_minutes
                if start + timedelta(minutes=minutes) > closes:
                    break
                yield Opening(start, minutes, room.id, visit)
                double_booked = rng.random() < 0.03
                start += timedelta(minutes=clinic.slot_minutes if double_booked else minutes)


def _usual_hours(clinic: Clinic, day: date) -> tuple[datetime, datetime]:
    return datetime.combine(day, clinic.opens), datetime.combine(day, clinic.closes)


def _appointment(clinic: Clinic, opening: Opening, noon: datetime, rng: Random) -> Record:
    kind, _, reasons = VISITS[opening.visit]
    client, patient = client_and_patient(rng)
    return Record(
        id=0,
        kind="appointment",
        start=opening.start,
        end=opening.end,
        patient=patient,
        client=client,
        phone=_phone(clinic.country, rng),
        provider=rng.choice(clinic.providers).name,
        room=opening.room if rng.random() > 0.02 else None,
        type=kind,
        status=_status(opening.start, opening.end, noon, rng),
        notes=rng.choice(reasons) if rng.random() < 0.8 else None,
    )


def _phone(country: Country, rng: Random) -> Phone | None:
    chance = rng.random()
    if chance < 0.03:
        return None
    if chance < 0.04:
        return unreadable_phone(rng)
    if chance < 0.06:
        abroad = phone_of("GB" if country in ("US", "CA") else "US", rng)
        return Phone(abroad.e164, abroad.e164 or "")
    return phone_of(country, rng)


def _status(start: datetime, end: datetime, noon: datetime, rng: Random) -> str:
    """Returns the status that a reception desk would have set by `noon`."""
    if end <= noon:
        return rng.choices(("Completed", "Finalized", "No Show", "Cancelled"), (60, 26, 6, 8))[0]
    if start <= noon + timedelta(minutes=30):
        return rng.choice(("Arrived", "In Progress", "Ready to Pay"))
    return rng.choices(("Scheduled", "Confirmed", "Cancelled"), (52, 43, 5))[0]


def _blocks(clinic: Clinic, day: date, rng: Random) -> list[Record]:
    stretches = clinic.open_on(day)
    if not stretches:
        return []
    # Before lunch, if there is a break.
    blocks = [_block(stretches[0][1] - timedelta(hours=1), 60, clinic.rooms[0].id, "Hold for emergencies")]
    for _ in range(rng.randrange(3)):
        opens, closes = rng.choice(stretches)
        start = opens + timedelta(minutes=30 * rng.randrange((closes - opens) // timedelta(minutes=30)))
        blocks.append(_block(start, rng.choice((30, 60, 90)), rng.choice(clinic.rooms).id, rng.choice(BLOCKS)))
    return blocks


def _block(start: datetime, minutes: int, room: str, title: str) -> Record:
    end = start + timedelta(minutes=minutes)
    return Record(id=0, kind="block", start=start, end=end, room=room, notes=title, title=title)


def _rarities(clinic: Clinic, day: date) -> Iterator[Record]:
    """Yields a block of the whole clinic on Thursdays, and a block without a length on Fridays."""
    stretches = clinic.open_on(day)
    if not stretches:
        return
    opens, _ = stretches[0]
    if day.isoweekday() == 4:
        yield Record(
            id=0, kind="block", start=opens, end=opens + timedelta(minutes=30), notes=MEETING, title=MEETING
        )
    if day.isoweekday() == 5:
        at = opens + timedelta(hours=1)
        yield _block(at, 0, clinic.rooms[-1].id, "Call the laboratory")


def _rosters(clinic: Clinic, day: date) -> Iterator[Record]:
    stretches = clinic.open_on(day)
    if not stretches:
        return
    start, end = stretches[0][0], stretches[-1][1]
    for provider in clinic.providers:
        yield Record(
            id=0, kind="roster", start=start, end=end, provider=provider.name, title=f"{provider.name} on duty"
        )
