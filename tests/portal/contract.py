"""What every portal must keep, whichever it is: docs/another-portal.md has it in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.calendar_source import CalendarSource
from engine.clinic import Clinic
from engine.config_reading import ConfigReading
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.extra_calls import ExtraCalls
from engine.failure import Failure
from engine.lookups import LookupOutcome
from engine.portal.doubts import every_day
from engine.snapshot import Snapshot


async def keeps_the_promises(
    source: CalendarSource, clinic: Clinic, right: Credentials, wrong: Credentials, dates: DateRange
) -> None:
    """`source` shows at least one appointment within `dates`. It is asked with the wrong password last."""
    before = datetime.now(UTC)
    first = await look(source, clinic, right, dates)
    appointments = [(day, one) for day, seen in first.items() for one in complete(seen).appointments]
    assert appointments, "nothing was seen, so nothing is proved"
    for day, one in appointments:
        assert one.date == day == one.starts_at.astimezone(clinic.zone).date()
        assert one.starts_at <= one.ends_at
        assert one.starts_at.utcoffset() == timedelta(0)
    ids = [one.neo_appointment_id for _, one in appointments]
    assert len(set(ids)) == len(ids)
    for day, seen in first.items():
        proof = complete(seen).proof
        assert complete(seen).date == day
        assert before <= complete(seen).scraped_at <= datetime.now(UTC)
        assert proof.asked_from <= day <= proof.asked_to
        assert proof.records_read >= len(complete(seen).appointments)
    again = await look(source, clinic, right, dates)
    assert {day: complete(seen).appointments for day, seen in again.items()} == {
        day: complete(seen).appointments for day, seen in first.items()
    }
    reading = await source.schedule_config(clinic, right)
    assert isinstance(reading, ConfigReading)
    parts = {
        "businessHours": reading.config.hours,
        "slotInterval": reading.config.slot_minutes,
        "appointmentRooms": reading.config.rooms,
    }
    assert {name for name, part in parts.items() if part is None} <= {
        problem.field for problem in reading.problems
    }
    looked_up = await source.look_up(clinic, right, ids[:1], known=ids[0])
    assert looked_up.lacks_call or looked_up.found[ids[0]].outcome is LookupOutcome.LIVE
    assert await source.check_credentials(clinic, right) is None
    await refuses(source, clinic, wrong, dates)


async def refuses(source: CalendarSource, clinic: Clinic, wrong: Credentials, dates: DateRange) -> None:
    """A value, with a reason that ends the sync, in words without a secret; no exception."""
    wrong = replace(wrong, version="wrong")
    refused = await source.check_credentials(clinic, wrong)
    assert refused is not None
    for failure in [refused, *(await look(source, clinic, wrong, dates)).values()]:
        assert isinstance(failure, Failure)
        assert failure.is_fatal
        assert wrong.password not in failure.message
        assert wrong.username not in failure.message


async def look(
    source: CalendarSource, clinic: Clinic, credentials: Credentials, dates: DateRange
) -> Mapping[object, Snapshot | Failure]:
    found = await source.scrape(
        clinic,
        credentials,
        dates,
        clock=lambda: datetime.now(UTC),
        stored={},
        is_open=every_day,
        repeating=(),
        is_first=False,
        extra_calls=ExtraCalls(100),
        evidence=None,
    )
    assert set(found) == set(dates)
    return found


def complete(seen: Snapshot | Failure) -> Snapshot:
    assert isinstance(seen, Snapshot), seen
    return seen
