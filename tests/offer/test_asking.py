"""What a client gets that asks what a clinic can offer, and why: replies of the gateway, and pages for people."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from pydantic import BaseModel
from rich.console import Console

from actors.gateway import offer
from actors.gateway.offer import OfferCommands
from actors.messages import encode
from actors.spec.offer import FreeReply, WhyReply
from engine.errors import BadRequest, UnknownClinic
from engine.offer.rule import Rule
from engine.offer.rule_words import WORDS
from engine.store.database import Database
from engine.store.offer.asking import PersonalNames, personal_names
from ops.cli.offer.asking import naming
from ops.cli.offer.explanation_page import show_explanation
from ops.cli.offer.offer_page import show_offer
from ops.client.errors import Refused
from tests.spec.hearing import faults

pytestmark = pytest.mark.anyio

ZONE = ZoneInfo("America/Denver")
DAY = datetime.now(ZONE).date() + timedelta(days=3)
NEXT_DAY = DAY + timedelta(days=1)
ROOMS = [
    {"id": "r1", "name": "Exam 1"},
    {"id": "r2", "name": "Dr. Qadira Zaunkönig"},
    {"id": "r3", "name": "Surgery"},
]
TYPES = [{"id": "1", "name": "Exam", "duration_slots": 1}, {"id": "2", "name": "Dental", "duration_slots": 3}]

#: Personal data of the clinic: in no reply.
PERSONAL = ("Zaunkönig", "Biscuit", "Mrs. Quill", "staff meeting", "anna")


@dataclass
class Elm:
    """A clinic that is open from 8 to 12 every day; DAY and NEXT_DAY were read just now."""

    pool: asyncpg.Pool[Any]
    id: UUID
    commands: OfferCommands

    async def run(self, sql: str, *values: object) -> None:
        await self.pool.execute(sql, self.id, *values)

    async def free(self, **body: object) -> dict[str, Any]:
        return _checked(await self.commands.free("elm-street", encode(body)), FreeReply)

    async def why(self, at: str, **body: object) -> dict[str, Any]:
        return _checked(await self.commands.why("elm-street", encode({"at": at, **body})), WhyReply)

    async def takes(self, room: str | None, start: str, end: str, type_: str = "Exam") -> None:
        await self.run(
            "insert into public.schedule_appointments (clinic_id, neo_appointment_id, date, start_time, end_time,"
            " starts_at, ends_at, room_id, appointment_type, status, patient_name, client_name, notes, sync_hash)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'scheduled', 'Biscuit', 'Mrs. Quill', 'staff meeting', 'x')",
            f"{room}/{start}", DAY, _clock(start), _clock(end), _instant(start), _instant(end), room, type_,
        )  # fmt: skip


def _checked(reply: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """The reply as a client gets it: as documented, without personal data."""
    sent: dict[str, Any] = json.loads(encode(reply))
    assert faults(sent, model) == []
    assert not [word for word in PERSONAL if word in json.dumps(sent, ensure_ascii=False)]
    return sent


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _instant(text: str) -> datetime:
    return datetime.combine(DAY, _clock(text), ZONE)


@pytest.fixture
async def elm(pool: asyncpg.Pool[Any], database_url: str) -> AsyncIterator[Elm]:
    database = Database(database_url, size=2)
    clinic_id = await pool.fetchval(
        "insert into public.clinics (slug, name, timezone) values ('elm-street', 'Elm Street', 'America/Denver')"
        " returning id"
    )
    elm = Elm(pool, clinic_id, OfferCommands(database))
    await elm.run(
        "insert into idexx_sync.clinic_portal_config (clinic_id, slot_minutes, rooms, appointment_types, providers,"
        " read_at) values ($1, 30, $2, $3, $4, now())",
        json.dumps(ROOMS),
        json.dumps(
            [{"id": "1", "name": "Exam", "duration_slots": 1}, {"id": "2", "name": "Dental", "duration_slots": 3}]
        ),
        json.dumps([{"id": "7", "name": "Dr. Qadira Zaunkönig"}]),
    )
    await elm.run(
        "insert into idexx_sync.clinic_open_hours (clinic_id, weekday, opens_minute, closes_minute)"
        " select $1, day, 480, 720 from generate_series(0, 6) day"
    )
    sync_id = await pool.fetchval(
        "insert into public.schedule_syncs (clinic_id, sync_start_date, sync_end_date, status)"
        " values ($1, $2, $3, 'completed') returning id",
        clinic_id, DAY, NEXT_DAY,
    )  # fmt: skip
    await elm.run(
        "insert into idexx_sync.schedule_date_scrapes (clinic_id, date, scraped_at, sync_id)"
        " select $1, day, now(), $3 from unnest($2::date[]) day",
        [DAY, NEXT_DAY], sync_id,
    )  # fmt: skip
    yield elm
    await database.close()


async def test_a_clinic_is_asked_what_it_offers_and_why(elm: Elm, monkeypatch: pytest.MonkeyPatch) -> None:
    one_day = {"start_date": DAY, "end_date": DAY}
    nothing = await elm.free(**one_day)
    assert nothing["starts"] == []
    [reason] = nothing["reasons"]
    assert (reason["rule"], reason["allows"]) == ("columns_not_chosen", False)
    assert "idexx-sync clinic rules set elm-street --columns" in reason["change"]
    page = _page(show_offer, nothing)
    assert "the columns that count have not been chosen" in page
    assert "idexx-sync clinic rules set elm-street --columns" in page
    assert "(read " in page
    whole, later = "idexx-sync sync elm-street", DAY + timedelta(days=30)
    syncs = [f"{whole} --start {day} --end {day}" for day in (DAY, later)]
    page = _page(show_offer, nothing | {"reasons": [reason | {"change": one} for one in (*syncs, whole)]})
    assert [line.partition("→ ")[2] for line in page.splitlines() if "→" in line] == [syncs[1], whole]

    await elm.run("update public.clinics set resources = array['r1', 'r2'] where id = $1")
    await elm.run("insert into idexx_sync.rule_origins (clinic_id, rule, set_by) values ($1, 'columns', 'anna')")
    await elm.takes("r1", "08:00", "09:00")
    await elm.takes(None, "10:00", "11:00", "block")
    # The third date was never read.
    found = await elm.free(start_date=DAY, end_date=NEXT_DAY + timedelta(days=1))
    times = {start["start_time"][:5]: start["columns"] for start in found["starts"] if start["date"] == str(DAY)}
    both = ["r1", "r2"]
    assert times == {
        "08:00": ["r2"], "08:30": ["r2"], "09:00": both, "09:30": both, "11:00": both, "11:30": both
    }  # fmt: skip
    assert (found["minutes"], found["columns"], found["reasons"]) == (30, both, [])
    assert [day["starts"] for day in found["days"]] == [6, 8, 0]
    assert [day["forbidden_by"] for day in found["days"]] == [[], [], ["stale"]]
    long = await elm.free(**one_day, type="dental")
    assert [start["start_time"][:5] for start in long["starts"]] == ["08:00", "08:30"]
    assert (await elm.free(**one_day, minutes=90))["starts"] == long["starts"]
    assert [start["columns"] for start in (await elm.free(**one_day, column="r1"))["starts"]] == [["r1"]] * 4

    monkeypatch.setattr(offer, "STARTS_PAGE", 4)
    pages: list[list[dict[str, Any]]] = []
    after: dict[str, str] = {}
    while True:
        part = await elm.free(start_date=DAY, end_date=NEXT_DAY, **after)
        pages.append(part["starts"])
        after = {"after": part["starts"][-1]["starts_at"]}
        if not part["has_more"]:
            break
    assert [len(part) for part in pages] == [4, 4, 4, 2]
    assert [start for part in pages for start in part] == found["starts"]

    blocked = await elm.why(f"{DAY} 10:00")
    assert (blocked["free"], blocked["start_time"]) == (False, "10:00:00")
    assert [reason["rule"] for reason in blocked["reasons"] if not reason["allows"]] == ["clinic_block"]
    assert (await elm.why(_instant("09:00").isoformat()))["free"]
    assert (await elm.why(f"{DAY}T08:00", type="Dental", column="r1"))["free"] is False

    async with elm.pool.acquire() as connection:
        names = await personal_names(connection, elm.id)
    shown = _page(show_offer, found, names)
    assert not [word for word in ("Exam 1", "Zaunkönig", "never read") if word not in shown]
    assert f"idexx-sync why elm-street '{NEXT_DAY + timedelta(days=1)} " in shown
    explained = _page(show_explanation, blocked, names)
    assert "not offered, a block of the whole clinic" in explained
    assert "→ remove the block in the portal" in explained
    assert "set by anna" in explained
    without_names = _page(show_explanation, await elm.why(f"{DAY} 08:00"))
    assert "anna" not in without_names
    assert "taken" in without_names


async def test_a_request_that_cannot_be_answered_names_what_it_may_say(elm: Elm) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"days_ahead": 61}, "days_ahead: 61 is not valid: must be 60 or less"),
        ({"start_date": DAY, "end_date": DAY + timedelta(days=60)}, "is 61 days; at most 60"),
        ({}, "give either days_ahead, or start_date and end_date"),
        (
            {"days_ahead": 1, "type": "Biscuit"},
            "type: not an appointment type of the clinic; it has Dental, Exam",
        ),
        (
            {"days_ahead": 1, "column": "Biscuit"},
            "column: not the id of a column of the clinic; it has r1, r2, r3",
        ),
        (
            {"days_ahead": 1, "provider": "Biscuit"},
            "provider: not the id of a provider of the clinic; it has 7",
        ),
        ({"days_ahead": 1, "minutes": 1441}, "minutes: 1441 is not valid: must be 1440 or less"),
        ({"days_ahead": 1, "after": "later"}, "after: must be a time, such as 2026-12-08 10:30"),
    ]
    for body, words in wrong:
        with pytest.raises(BadRequest) as refused:
            await elm.free(**body)
        assert words in refused.value.message
        assert "Biscuit" not in refused.value.message
    with pytest.raises(BadRequest, match=r"2026-11-01 01:30 exists twice in America/Denver.*-06:00 or .*-07:00"):
        await elm.why("2026-11-01 01:30")
    with pytest.raises(BadRequest, match="at: 2027-03-14 02:30 does not exist in America/Denver"):
        await elm.why("2027-03-14T02:30")
    with pytest.raises(BadRequest, match="at: 2026-02-30 09:00 is not on any calendar"):
        await elm.why("2026-02-30 09:00")
    for text in ("2026-12-08 24:00", "2026-12-08 10:30+99:00"):
        with pytest.raises(BadRequest, match="is not a time; use 00:00 to 23:59"):
            await elm.why(text)
    assert (await elm.why("2026-11-01T01:30-07:00"))["starts_at"] == "2026-11-01T08:30:00+00:00"
    with pytest.raises(UnknownClinic):
        await elm.commands.why("oak-street", encode({"at": f"{DAY} 09:00"}))


def test_the_command_line_names_what_was_typed_and_what_there_is() -> None:
    names = PersonalNames({"r1": "Exam 1", "r2": "Lab"})
    with (
        pytest.raises(Refused, match="the clinic has no column 'Exam 9'; it has Exam 1, Lab"),
        naming({"column": "Exam 9"}, names),
    ):
        raise Refused(400, "bad_request", "column: not the id of a column of the clinic; it has r1, r2")


def test_every_rule_has_words() -> None:
    assert set(WORDS) == set(Rule)


def _page(show: Any, reply: dict[str, Any], names: PersonalNames | None = None) -> str:
    """What a terminal of 80 columns shows; no line is wider, except commands to copy."""
    out = io.StringIO()
    show(Console(file=out, width=80, highlight=False), reply, names or PersonalNames())
    lines = [line for line in out.getvalue().splitlines() if "idexx-sync" not in line]
    assert max(map(len, lines)) <= 80
    return out.getvalue()
