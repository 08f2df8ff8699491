"""The commands `free` and `why`: what a clinic can offer, and why. Replies have ids, but no names of people."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from actors.requests import FreeQuery, WhyQuery, parse
from engine.clinic import Clinic
from engine.dates import DateRange
from engine.local_time import read_moment
from engine.offer.start import BookableStart, Decision, Explanation, StartQuery
from engine.store.clinics import find_clinic
from engine.store.database import Connection, Database
from engine.store.offer import bookable_starts, explain_start
from engine.store.offer.asking import OfferTerms, offer_terms, offered_days

#: Starts in one reply: keeps it below the message size limit.
STARTS_PAGE = 1000

#: Fields of a reason's source that are not published: the person who set a rule.
_PRIVATE = frozenset({"set_by"})


class OfferCommands:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def free(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns the starts of a range of dates that can be booked, and why a date has none."""
        request = parse(FreeQuery, payload)
        query = request.start
        async with self._database.connection() as connection:
            clinic, terms = await _clinic_and_terms(connection, slug, query)
            dates = request.dates(clinic.today(terms.now))
            begins, ends = _span(dates, clinic.zone)
            starts = await bookable_starts(connection, clinic.id, begins, ends, query, terms.now)
            days = await offered_days(connection, clinic.id, dates, query, starts, terms.now)
            nearest = min(
                (day for day in days if day.nearest_at), key=lambda day: len(day.forbidden_by), default=None
            )
            reasons: list[Decision] = []
            if not starts and nearest is not None and nearest.nearest_at is not None:
                reasons = (
                    await explain_start(connection, clinic.id, nearest.nearest_at, query, terms.now)
                ).against
        after = None if request.after is None else read_moment("after", request.after, clinic.zone)
        rest = [start for start in starts if after is None or start.starts_at > after]
        return {
            **_about(clinic, terms),
            "minutes": terms.minutes,
            "columns": terms.columns,
            "days": [asdict(day) for day in days],
            "starts": [_start(start) for start in rest[:STARTS_PAGE]],
            "has_more": len(rest) > STARTS_PAGE,
            "reasons": [_reason(reason) for reason in reasons],
        }

    async def why(self, slug: str, payload: bytes) -> dict[str, Any]:
        """Returns whether a start can be booked, and each rule that decided."""
        request = parse(WhyQuery, payload)
        async with self._database.connection() as connection:
            clinic, terms = await _clinic_and_terms(connection, slug, request.start)
            starts_at = read_moment("at", request.at, clinic.zone)
            found = await explain_start(connection, clinic.id, starts_at, request.start, terms.now)
        return {**_about(clinic, terms), **_explanation(found)}


async def _clinic_and_terms(connection: Connection, slug: str, query: StartQuery) -> tuple[Clinic, OfferTerms]:
    """Raises `UnknownClinic`, `NoTimeZone`, or `BadRequest` for a type, column or provider that is not known."""
    clinic = await find_clinic(connection, slug)
    terms = await offer_terms(connection, clinic.id, query)
    terms.known.check(query)
    return clinic, terms


def _span(dates: DateRange, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of the first date, and that after the last date."""
    return (
        datetime.combine(dates.start, time(), zone),
        datetime.combine(dates.end + timedelta(days=1), time(), zone),
    )


def _about(clinic: Clinic, terms: OfferTerms) -> dict[str, Any]:
    return {"ok": True, "clinic": clinic.slug, "timezone": clinic.timezone, "at": terms.now}


def _start(start: BookableStart) -> dict[str, Any]:
    """Field by field, since `asdict` and the conversion of times would take most of a request's time."""
    return {
        "starts_at": start.starts_at.isoformat(),
        "ends_at": start.ends_at.isoformat(),
        "date": start.date.isoformat(),
        "start_time": start.start_time.isoformat(),
        "columns": start.columns,
        "column_count": start.column_count,
    }


def _explanation(found: Explanation) -> dict[str, Any]:
    said = asdict(found)
    for column in said["columns"]:
        del column["name"]
    return said | {"reasons": [_reason(reason) for reason in found.reasons]}


def _reason(reason: Decision) -> dict[str, Any]:
    source = {name: value for name, value in reason.source.items() if name not in _PRIVATE}
    return asdict(reason) | {"source": source}
