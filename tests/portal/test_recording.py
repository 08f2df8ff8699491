"""The first contact, and recordings of it: the reported steps, what is masked, and what a replay returns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import httpx
import phonenumbers
import pytest

from engine.appointment import REFERENCES
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange, days_ahead
from engine.failure import Reason
from engine.portal import Portal, PortalSettings
from engine.portal.browser import Browser
from engine.portal.contact import ContactReport, first_contact
from engine.portal.phones import e164
from engine.portal.recording import make_recording, read_recording, understood, write_file, write_folder
from engine.portal.recording.harmless import EXPLAINED
from engine.portal.recording.recording import Recording
from engine.portal.recording.stand_ins import StandIns
from engine.portal.regions import left_portal, other_region
from engine.portal.transcript import Exchange, Origin, SignInForm, Transcript
from engine.snapshot import Snapshot
from ops.sandbox import replay as sandbox_reading
from ops.sandbox.client import SandboxProcess
from tests.portal.conftest import KEY, LIMITS, TODAY, Stage
from tests.portal.doubles import CountingBudget, MemorySessions

pytestmark = pytest.mark.anyio

#: Recordings of portals: a folder or file that is put there is a regression test.
RECORDINGS = sorted(
    path for path in (Path(__file__).parent.parent / "recordings").iterdir() if path.suffix != ".md"
)

NOON = datetime.combine(TODAY, datetime.min.time(), UTC).replace(hour=19)
TWO_DAYS = days_ahead(TODAY, 2)

#: A word that the sandbox puts into every free text.
CANARY = "zibbercanary"


@dataclass
class Contact:
    stage: Stage
    transcript: Transcript
    report: ContactReport

    def recorded(self) -> Recording:
        return make_recording(self.transcript, self.stage.clinic, self.stage.credentials, {}, Random(5))

    def facts(self) -> dict[str, str]:
        return {step.name: step.facts for step in self.report.steps}


async def contact(stage: Stage, days: int = 2, longer: tuple[int, ...] = ()) -> Contact:
    transcript, portal = Transcript(), stage.portal
    report = await first_contact(
        *(portal, stage.clinic, stage.credentials, transcript, lambda _: None),
        days=days,
        longer=longer,
        clock=lambda: NOON,
    )
    return Contact(stage, transcript, report)


async def test_each_step_of_a_first_contact_is_reported(stranger: Stage):
    found = await contact(stranger, 7, (14, 28))
    assert found.report.failure is None
    facts = found.facts()
    assert list(facts)[:5] == ["address", "browser", "form", "sign-in", "session cookie"]
    assert facts["form"] == "company id, user, password, button"
    assert (facts["sign-in"], facts["session cookie"]) == ("led to /dashboard", "neo_session")
    assert facts["one appointment by id"] == "live, at the time that the calendar shows"
    truth = await stranger.true_counts(TODAY, days_ahead(TODAY, 28).end)
    assert (found.report.longest, found.report.understood.records) == (28, truth.total())
    assert found.report.understood.columns.total() == truth.total()
    # Nothing is stored but the session.
    assert list(stranger.store.entries) == [stranger.account.slug]
    assert stranger.evidence.kept == {}


async def test_repeating_records_do_not_end_a_first_contact(stranger: Stage):
    await stranger.sandbox.fault_settings(hold_id=4711, hold_twice=True, lookup_call="other")
    found = await contact(stranger, 7)
    assert found.report.failure is None
    assert found.facts()["one appointment by id"].startswith("the answer has an unknown form: ")
    assert found.report.understood.types["block"] >= 10


async def test_the_largest_span_is_the_last_one_that_is_answered_in_full(stranger: Stage):
    await stranger.sandbox.fault_settings(max_span_days=14)
    found = await contact(stranger, 7, (14, 28))
    assert (found.report.longest, found.report.failure) == (14, None)


@pytest.mark.parametrize(
    ("fault", "step", "words"),
    [
        ({"sign_in": {"second_factor": "otp"}}, "sign-in", "second factor"),
        ({"sign_in": {"reject": True}}, "sign-in", "user name or the password"),
        ({"maintenance": True}, "address", "maintenance"),
        ({"drift": ["renamed_patient"]}, "calendar of today", "has a patient"),
    ],
    ids=str,
)
async def test_the_step_that_fails_is_named_and_what_it_saw_is_masked(
    stranger: Stage, tmp_path: Path, fault: dict[str, Any], step: str, words: str
):
    await stranger.sandbox.fault_settings(**fault)
    found = await contact(stranger)
    last = found.report.steps[-1]
    assert (last.name, last.is_done) == (step, False)
    assert words in last.facts
    write_file(found.recorded(), tmp_path / "seen.json")
    seen = read_recording(tmp_path / "seen.json")
    assert seen["exchanges"]
    assert not leaks(json.dumps(seen), await originals(stranger))


async def test_nothing_personal_survives_in_a_recording(stranger: Stage, tmp_path: Path):
    await stranger.sandbox.fault_settings(tag=CANARY, drift=["new_fields"])
    found = await contact(stranger)
    files = write_folder(found.recorded(), tmp_path / "recording")
    text = "\n".join(path.read_text() for path in files if path.name != "README.txt")
    assert CANARY not in text.lower()
    assert not leaks(text, await originals(stranger))
    # What the parser's maintainer needs is there.
    assert {"is_first_visit", "species_label", "checkin_channel"} <= set(re.findall(r"\w+", text))
    assert read_recording(tmp_path / "recording")["about"]["differs"] == []


async def test_a_replay_shows_the_same_appointments_under_invented_names(
    stranger: Stage, browser: Browser, tmp_path: Path
):
    found = await contact(stranger)
    write_folder(found.recorded(), tmp_path / "recording")
    with SandboxProcess(replay=tmp_path / "recording") as replay:
        settings = PortalSettings(base_url=replay.url, times=LIMITS)
        portal = Portal(settings, sessions=MemorySessions(), budget=CountingBudget(), browser=browser)
        credentials = Credentials("anyone", "any password", "1", "v1")
        # Each day alone: ranges that were not recorded as such.
        days = [await portal.scrape(stranger.clinic, credentials, DateRange(day, day)) for day in TWO_DAYS]
        await portal._client.close()
    assert sandbox_reading.read_recording(tmp_path / "recording").moved_to(TODAY).records("2026", "2027")
    moved = sandbox_reading.read_recording(tmp_path / "recording").moved_to(TODAY + timedelta(days=17))
    assert moved.records("2026-02-05", "2026-02-06")  # a Thursday, as the recorded one
    shown = [place(each) for found in days for each in _appointments(found[next(iter(found))])]
    truth = await stranger.sandbox.truth(stranger.account.company_id, TWO_DAYS.start, TWO_DAYS.end)
    assert sorted(shown) == sorted(
        (each["starts_at"], each["ends_at"], each["status"], each["patient_name"] is None) for each in truth
    )


@pytest.mark.parametrize(
    ("speed", "took"), [(1.0, (0.01, 0.012, 0.035)), (2.0, (0.005, 0.006, 0.0175)), (None, ())]
)
async def test_a_replay_takes_the_recorded_time(speed: float | None, took: tuple[float, ...]) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    recording = sandbox_reading.read_recording(next(each for each in RECORDINGS if each.name == "sandbox-2026"))
    app = httpx.ASGITransport(sandbox_reading.Replay(recording, speed, sleep).app())
    # Days that were not asked for in this range take as long as the slowest calendar.
    days = {"start": "2026-01-22 00:00:00", "end": "2026-01-25 00:00:00"}
    async with httpx.AsyncClient(transport=app, base_url="http://portal") as portal:
        assert (await portal.post("/login")).status_code == 302
        assert (await portal.get("/appointments/getAppointmentView")).status_code == 200
        assert (await portal.get("/appointments/getCalendarEventData", params=days)).json()["events"]
    assert tuple(waits) == took


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_each_recorded_answer_is_understood_as_before(path: Path):
    recording = read_recording(path)
    assert recording["understood"]
    assert understood(recording) == recording["understood"]


@pytest.mark.parametrize(
    ("target", "region"),
    [
        ("https://eu.idexxneo.com/login?x=1", "https://eu.idexxneo.com"),
        ("https://us.idexxneo.com/elsewhere", None),
        ("http://eu.idexxneo.com/", None),
        ("https://idexxneo.com/", None),
        ("https://eu.elsewhere.example/", None),
        ("//[no address", None),
    ],
)
def test_only_a_sibling_of_the_portals_host_is_another_region(target: str, region: str | None):
    assert other_region("https://us.idexxneo.com", target) == region
    failure = left_portal("https://us.idexxneo.com", target, "a way out")
    assert failure.reason is Reason.LEFT_PORTAL
    assert failure.message == "a way out" if region is None else f"IDEXX_BASE_URL={region}" in failure.message


def _appointments(found: object) -> Iterator[Any]:
    assert isinstance(found, Snapshot), found
    yield from found.appointments


def place(appointment: Any) -> tuple[str, str, str, bool]:
    starts, ends = appointment.starts_at.isoformat(), appointment.ends_at.isoformat()
    return starts, ends, appointment.status, appointment.patient_name is None


async def originals(stage: Stage) -> set[str]:
    """Everything personal: texts, and the longer words of names."""
    account = stage.account
    truth = await stage.sandbox.truth(account.company_id, TWO_DAYS.start, TWO_DAYS.end)
    references = await stage.sandbox.references(account.company_id, TWO_DAYS.start, TWO_DAYS.end)
    names = ("patient_name", "client_name", "provider_name", "notes", "appointment_type")
    texts = {str(record[name]) for record in truth for name in names if record[name]}
    texts |= {word for text in texts for word in re.findall(r"[^\W\d_]{4,}", text)}
    ids = {str(record[name]) for record in references for name in (*REFERENCES, KEY) if record[name]}
    phones = {record["client_phone"].lstrip("+") for record in truth if record["client_phone"]}
    own = {account.username, account.password, account.company_id, account.name, account.slug}
    return texts | {each for each in ids if len(each) > 3} | phones | own


def leaks(text: str, originals: set[str]) -> list[str]:
    """Those that stand in the text, without regard to case; words that the portal itself says are none."""
    whole = text.casefold()
    words = set(re.findall(r"[^\W_]+", whole))
    facts = {each.casefold() for each in originals - {""} if each.casefold() not in EXPLAINED}
    return sorted(each for each in facts if (each in words if re.fullmatch(r"[^\W_]+", each) else each in whole))


def exchange(path: str, body: bytes, content_type: str = "application/json", status: int = 200) -> Exchange:
    url, headers = f"https://us.idexxneo.com{path}", {"content-type": content_type, "cache-control": "private"}
    return Exchange(
        Origin.CALL, "GET", url, NOON, 0.1, status, headers, ("neo_session=s3cr3tvalue; Path=/",), body
    )


def record(*exchanges: Exchange, html: str = "") -> Recording:
    transcript = Transcript(exchanges=list(exchanges))
    transcript.form = SignInForm(True, True, True, True, ("name=username type=text",), html)
    clinic = Clinic(uuid4(), "neo-vets", "Neo Login Vets", "America/Denver")
    return make_recording(transcript, clinic, Credentials("admin", "calendar", "12045"), {}, Random(3))


def test_words_that_the_portal_uses_itself_may_be_in_notes() -> None:
    notes = (
        "please accept the card, brand private no-cache path query login form page seconds chart button json utf"
    )
    body = json.dumps([{"id": 4711, "start": "2026-01-22 09:00:00", "end": "2026-01-22 09:15:00", "notes": notes}])
    page = b'<html><body class="card brand chart"><p class="accept">Please wait for admin</p></body></html>'
    html = '<form class="card chart"><input name="username" class="brand"><button>Login</button></form>'
    calendar = "/appointments/getCalendarEventData?start=2026-01-22%2000:00:00&end=2026-01-23%2000:00:00"
    recorded = record(exchange(calendar, body.encode()), exchange("/login", page, "text/html"), html=html)
    text = json.dumps(recorded.to_json())
    assert leaks(text, {"chart", "brand", "accept", "admin", notes}) == []
    assert recorded.exchanges[0]["request"]["path"] == "/appointments/getCalendarEventData"
    assert 'name="username"' in recorded.pages["sign-in"]
    assert len(recorded.to_json()["exchanges"]) == 2


@pytest.mark.parametrize(
    ("record_", "kept", "gone"),
    [
        ({"birth_date": "2019-05-06", "start": "2026-01-22 09:00:00"}, "2026-01-22 09:00:00", "2019-05-06"),
        ({"Bella": True, "is_new": True}, "is_new", "Bella"),
        ({"by_pet": {"bella": 1, "max": 0}}, "by_pet", "bella"),
        ({"weight": 23.75, "duration": 3}, "3", "23.75"),
        ({"current_status": "Zorblax", "status_label": "No Show"}, "No Show", "Zorblax"),
        ({"color": "#bada55", "id": "0"}, '"0"', "bada55"),
        ({"url": "/patients/48213?token=abcdefgh", "title": "T"}, "url", "abcdefgh"),
        ({"room": "Dr. Smith &amp; S&ouml;hne"}, "&amp;", "ouml"),
        ({"note": "call 303-555-0188 \ud83d\ude00 \udc00"}, "note", "0188"),
        ({"phone_number": "+44 20 7946 0958"}, "+44", "0958"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_only_what_is_harmless_by_field_and_form_stays(record_: dict[str, Any], kept: str, gone: str) -> None:
    body = json.dumps([record_, {"id": 1}], ensure_ascii=True).encode()
    text = json.dumps(record(exchange("/appointments/getOther", body)).to_json(), ensure_ascii=False)
    assert kept in text
    assert gone not in text


@pytest.mark.parametrize(
    ("country", "written", "form"),
    [
        ("US", "(303) 867-5309", r"\(\d{3}\) 555-01\d\d"),
        ("US", "+1 303 867 5309 x12", r"\+1 \d{3} 555 01\d\d x\d\d"),
        ("US", "867-5309", r"555-01\d\d"),
        ("GB", "+44 (0)20 7123 0958", r"\+44 \(0\)(20 7946 0|1\d [1-7]496 0)\d{3}"),
        ("AU", "0412 345 678", r"0[2378]55 50\d \d{3}|0491 570 15[6-9]"),
        ("NZ", "09 377 1234", r"0\d \d{3} \d{4}"),
    ],
)
def test_a_telephone_number_is_replaced_by_a_reserved_one(country: str, written: str, form: str) -> None:
    stand_ins = StandIns(Random(3))
    number = stand_ins.phone(written, country)
    assert re.fullmatch(form, number), number
    assert (e164(number, country) is None) == (e164(written, country) is None)
    if country == "NZ":  # it has no reserved range
        assert not phonenumbers.is_valid_number(phonenumbers.parse(number, country))
    # The same number, written otherwise, has the same stand-in; another number has another one.
    assert stand_ins.phone(f" {written}", country) == f" {number}"
    assert stand_ins.phone(written.replace("3", "4"), country) != number


def test_a_cut_off_answer_is_masked_as_well() -> None:
    body = b'[{"patient_name": "Zerelda", "start": "2026-01-22 09:00:00"}, {"patient_name": "Quill'
    [recorded] = record(exchange("/appointments/getCalendarEventData", body)).exchanges
    assert "2026-01-22 09:00:00" in recorded["response"]["text"]
    assert not {"Zerelda", "Quill"} & set(re.findall(r"\w+", recorded["response"]["text"]))


def test_a_folder_is_never_overwritten(tmp_path: Path):
    (tmp_path / "own").write_text("own")
    recording = make_recording(
        Transcript(), Clinic(uuid4(), "a", "A", "UTC"), Credentials("u", "p"), {}, Random(1)
    )
    with pytest.raises(FileExistsError):
        write_folder(recording, tmp_path)
