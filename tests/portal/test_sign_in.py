"""Signing in with the real browser: every variant of the form, and what the portal does afterwards."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.async_api import Page

from engine.dates import DateRange
from engine.failure import Failure, Reason
from engine.portal.contact import ContactReport, Step
from engine.portal.egress import EgressPolicy
from engine.portal.protocols import Refusal, Session
from engine.portal.request_filter import RequestFilter
from engine.portal.transcript import Transcript
from engine.snapshot import Snapshot
from ops.cli.contact.contact import Contact
from ops.cli.contact.next_step import next_step
from tests.portal.conftest import TODAY, Stage, now
from tests.portal.doubles import CountingBudget

pytestmark = pytest.mark.anyio


FORM = b"<form method=post><input name=username><input name=password><button>Login</button></form>"


async def sign_in(stage: Stage) -> Failure | None:
    return await stage.portal.check_credentials(stage.clinic, stage.credentials)


@pytest.mark.parametrize(
    "variant",
    [
        {"company_field": "company_id", "submit": "sign_in"},
        {"company_field": "id", "user_field": "email"},
        {"company_field": "none", "password_field": "type"},
        {"submit": "type_only", "landing": "home"},
        {"landing": "schedule", "cookie": "AuthTicket"},
        {"cookie": "id_token", "draw_delay_ms": 1500},
        {"draw_delay_ms": 0},
        {"by_script": True},
    ],
    ids=str,
)
async def test_every_seen_form_lets_us_in(stranger: Stage, variant: dict[str, Any]):
    await stranger.sandbox.fault_settings(sign_in=variant)
    await stranger.assert_true(await stranger.scrape_one())
    assert len(await stranger.calls("login")) == 1


@pytest.mark.parametrize("cover", ["banner", "modal", "curtain"])
async def test_what_lies_over_the_form_does_not_get_in_the_way(stranger: Stage, cover: str):
    await stranger.sandbox.fault_settings(sign_in={"cover": cover})
    await stranger.assert_true(await stranger.scrape_one())
    assert len(await stranger.calls("login")) == 1


async def test_what_covers_the_button_for_good_is_named(stranger: Stage):
    await stranger.sandbox.fault_settings(sign_in={"cover": "trap"})
    failure = await sign_in(stranger)
    assert failure is not None
    assert failure.reason is Reason.PORTAL_CHANGED
    assert failure.message == "the sign-in stayed on its page, and div#consent.cover covers its button"
    assert await stranger.calls("login") == []


@pytest.mark.parametrize("trick", ["dialog", "download", "popup", "permission", "tracker"])
async def test_a_clumsy_page_does_not_get_in_the_way(stranger: Stage, trick: str):
    await stranger.sandbox.fault_settings(**{trick: True})
    await stranger.assert_true(await stranger.scrape_one())


async def test_a_blocked_request_is_named_if_nothing_else_explains_the_failure(stranger: Stage):
    await stranger.sandbox.fault_settings(tracker=True, fail=[{"on": ["login"], "mode": "login_page"}])
    failure = await sign_in(stranger)
    assert failure is not None
    assert failure.reason is Reason.PORTAL_CHANGED
    assert "outside of the portal, which was blocked" in failure.message


@pytest.mark.parametrize("error", ["role_alert", "error_message", "alert_danger"])
async def test_a_rejected_password_is_sent_once_by_all_workers_together(stranger: Stage, error: str):
    await stranger.sandbox.fault_settings(sign_in={"reject": True, "error": error})
    found = await asyncio.gather(*[stranger.scrape_one() for _ in range(4)])
    assert {failure.reason for failure in found if isinstance(failure, Failure)} == {Reason.LOGIN_REJECTED}
    assert len(await stranger.calls("login")) == 1
    assert stranger.evidence.kept[TODAY].screenshot is not None


@pytest.mark.parametrize(
    ("variant", "reason"),
    [
        ({"locked": True}, Reason.ACCOUNT_LOCKED),
        ({"second_factor": "code"}, Reason.SECOND_FACTOR),
        ({"second_factor": "otp"}, Reason.SECOND_FACTOR),
    ],
    ids=str,
)
async def test_what_only_a_person_can_answer_has_its_own_reason(
    stranger: Stage, variant: dict[str, Any], reason: Reason
):
    await stranger.sandbox.fault_settings(sign_in=variant)
    for _ in range(2):
        failure = await stranger.scrape_one()
        assert isinstance(failure, Failure)
        assert failure.reason is reason
    assert len(await stranger.calls("login")) == 1


async def test_new_credentials_and_a_test_of_the_old_ones_end_a_refusal(stranger: Stage):
    good, stranger.credentials = stranger.credentials, replace(stranger.credentials, password="wrong")
    assert isinstance(await stranger.scrape_one(), Failure)
    assert isinstance(stranger.store.entries[stranger.clinic.slug], Refusal)
    stranger.credentials = replace(good, version="v2")
    await stranger.assert_true(await stranger.scrape_one())

    await stranger.sandbox.fault_settings(sign_in={"reject": True})
    assert (await sign_in(stranger)).reason is Reason.LOGIN_REJECTED
    assert isinstance(await stranger.scrape_one(), Failure)
    await stranger.sandbox.fault_settings(sign_in={"reject": False})
    assert isinstance(await stranger.scrape_one(), Failure)
    assert await sign_in(stranger) is None
    await stranger.assert_true(await stranger.scrape_one())


async def test_a_form_that_wants_a_company_id_gets_no_password_without_one(stranger: Stage):
    stranger.credentials = replace(stranger.credentials, company_id=None)
    failure = await sign_in(stranger)
    assert failure.reason is Reason.NO_COMPANY_ID
    report = ContactReport([Step("sign-in", False, 0.0, failure=failure)])
    contact = Contact(stranger.clinic, stranger.credentials, "https://us.idexxneo.com", report, Transcript())
    assert next_step(contact, failure) == f"idexx-sync credentials set {stranger.clinic.slug} --company-id ID"
    assert await stranger.calls("login") == []


async def test_a_form_that_would_send_the_password_elsewhere_is_not_sent(stranger: Stage):
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1000))
        writer.close()

    received: list[bytes] = []
    async with await asyncio.start_server(listen, "127.0.0.1", 0) as thief:
        port = thief.sockets[0].getsockname()[1]
        await stranger.sandbox.fault_settings(sign_in={"action": f"http://127.0.0.1:{port}/login"})
        assert (await sign_in(stranger)).reason is Reason.LEFT_PORTAL
    assert received == []


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"on": ["login_page"], "mode": "status", "status": 503}, Reason.PORTAL_UNAVAILABLE),
        ({"on": ["login_page"], "mode": "maintenance"}, Reason.MAINTENANCE),
        ({"on": ["login_page"], "mode": "hang", "seconds": 30}, Reason.TIMED_OUT),
        ({"on": ["login_page"], "mode": "not_json"}, Reason.PORTAL_CHANGED),
        ({"on": ["login"], "mode": "status", "status": 502}, Reason.PORTAL_UNAVAILABLE),
        ({"on": ["login"], "mode": "hang", "seconds": 30}, Reason.TIMED_OUT),
        ({"on": ["login"], "mode": "maintenance"}, Reason.MAINTENANCE),
        ({"on": ["login"], "mode": "status", "status": 429}, Reason.RATE_LIMITED),
        ({"on": ["login"], "mode": "redirect", "location": "http://[no.address/"}, Reason.LEFT_PORTAL),
    ],
    ids=str,
)
async def test_a_sign_in_that_fails_has_its_reason(stranger: Stage, rule: dict[str, Any], reason: Reason):
    await stranger.sandbox.fault_settings(fail=[rule])
    failure = await sign_in(stranger)
    assert failure is not None
    assert failure.reason is reason


async def test_a_portal_that_leads_elsewhere_is_left_alone(stranger: Stage):
    async def pose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + FORM)
        await writer.drain()
        writer.close()

    received: list[bytes] = []
    async with await asyncio.start_server(pose, "127.0.0.1", 0) as elsewhere:
        port = elsewhere.sockets[0].getsockname()[1]
        await stranger.sandbox.fault_settings(redirect_to=f"http://127.0.0.1:{port}/login")
        failure = await sign_in(stranger)
    assert failure is not None
    assert failure.reason is Reason.LEFT_PORTAL
    assert all(line.startswith(b"GET ") for line in received)


async def test_a_captcha_after_the_form_is_named(stranger: Stage):
    captcha = b'<p>One moment.</p><div class="g-recaptcha" style="width: 300px; height: 70px">Prove it</div>'

    async def pose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        page = captcha if head.startswith(b"POST") else FORM
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(pose, "127.0.0.1", 0) as portal:
        port = portal.sockets[0].getsockname()[1]
        failure = await sign_in(stranger.having(base_url=f"http://127.0.0.1:{port}"))
    assert failure is not None
    assert failure.reason is Reason.SECOND_FACTOR
    assert "captcha" in failure.message


async def test_four_scrapers_sign_in_once_and_the_next_sync_not_at_all(stranger: Stage):
    for _ in range(2):
        found = await asyncio.gather(*[stranger.scrape_one() for _ in range(8)])
        assert all(isinstance(snapshot, Snapshot) for snapshot in found)
    assert len(await stranger.calls("login")) == 1


@pytest.mark.parametrize("form", ["302", "401", "403", "419", "440", "login_page", "json", "script"])
async def test_an_ended_session_is_noticed_in_every_form_and_renewed_once_for_all(stage: Stage, form: str):
    await stage.sandbox.fault_settings(session_end_form=form)
    await stage.sandbox.end_sessions()
    for snapshot in await asyncio.gather(*[stage.scrape_one() for _ in range(4)]):
        await stage.assert_true(snapshot)
    assert len(await stage.calls("login")) == 1


async def test_a_session_that_ends_again_at_once_is_a_failure_and_is_forgotten(stage: Stage):
    await stage.sandbox.fault_settings(fail=[{"mode": "end_session"}])
    failure = await stage.scrape_one()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.SESSION_ENDED
    assert len(await stage.calls("login")) == 1
    assert not isinstance(stage.store.entries.get(stage.clinic.slug), Session)


@pytest.mark.parametrize("status", [403, 419, 440])
async def test_a_user_who_is_refused_after_a_new_sign_in_does_not_sign_in_again(stage: Stage, status: int):
    await stage.sandbox.fault_settings(fail=[{"mode": "status", "status": status}])
    portal = stage.portal
    for _ in range(3):
        [failure] = (await portal.scrape(stage.clinic, stage.credentials, DateRange(TODAY, TODAY))).values()
        assert isinstance(failure, Failure)
        assert failure.reason is Reason.PORTAL_CHANGED
        assert failure.message.startswith(f"the portal returned {status} directly after a new sign-in")
    assert len(await stage.calls("login")) == 1
    await stage.sandbox.fault_settings(fail=[])
    [snapshot] = (await portal.scrape(stage.clinic, stage.credentials, DateRange(TODAY, TODAY))).values()
    await stage.assert_true(snapshot)


@pytest.mark.parametrize(
    "rule",
    [
        {"on": ["login_page"], "mode": "cut_body"},
        {"on": ["login_page"], "mode": "not_json"},
        {"on": ["login"], "mode": "status", "status": 419},
        {"on": ["login"], "mode": "status", "status": 440},
        {"on": ["page"], "mode": "end_session"},
    ],
    ids=str,
)
async def test_a_moment_of_trouble_is_worth_one_more_sign_in_at_once(stranger: Stage, rule: dict[str, Any]):
    await stranger.sandbox.fault_settings(
        sign_in={"by_script": rule["on"] == ["page"]}, fail=[rule | {"count": 1}]
    )
    await stranger.assert_true(await stranger.scrape_one())
    assert len(await stranger.calls("login_page")) >= 2
    assert len(await stranger.calls("login")) <= 2


@pytest.mark.parametrize(
    "rule", [{"on": ["page"], "mode": "end_session"}, {"on": ["login_page"], "mode": "cut_body"}]
)
async def test_a_sign_in_that_ends_too_early_twice_is_no_refusal(stranger: Stage, rule: dict[str, Any]):
    await stranger.sandbox.fault_settings(sign_in={"by_script": True}, fail=[rule])
    failure = await sign_in(stranger)
    assert failure is not None
    assert failure.reason is Reason.SESSION_ENDED
    assert len(await stranger.calls("login")) == (2 if rule["on"] == ["page"] else 0)
    assert stranger.store.entries == {}


async def test_clinics_have_their_own_sessions_and_see_their_own_schedules(strangers: list[Stage]):
    for stage in strangers[1:]:
        stage.store = strangers[0].store
    for snapshot, stage in zip(
        await asyncio.gather(*[stage.scrape_one() for stage in strangers]), strangers, strict=True
    ):
        await stage.assert_true(snapshot)


async def test_every_call_of_a_sign_in_has_its_token(stranger: Stage):
    await stranger.scrape_one()
    assert stranger.budget.taken >= len(await stranger.calls())


@pytest.mark.parametrize("error", [ConnectionError, TimeoutError])
@pytest.mark.parametrize("signed_in", [False, True])
async def test_an_error_of_the_budget_goes_through(stage: Stage, error: type[Exception], signed_in: bool):
    class Broken(CountingBudget):
        async def acquire(self, clinic: str) -> None:
            raise error("the bucket is away")

    if not signed_in:
        stage.store.entries.clear()
    with pytest.raises(error, match="the bucket is away"):
        await replace(stage, budget=Broken()).scrape_one()


async def test_a_token_that_is_given_up_before_it_is_asked_for_leaves_nothing_behind(stage: Stage):
    call_context = stage.portal._call_context(stage.clinic, stage.credentials, now)
    request_filter = RequestFilter(stage.settings, stage.budget, call_context, EgressPolicy(stage.settings))
    paying = asyncio.create_task(request_filter._pay(SimpleNamespace(method="GET")))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    request_filter.close()
    assert not await paying
    assert stage.budget.taken == 0
    gc.collect()  # a coroutine that was never awaited would be reported here


async def test_no_image_or_font_is_loaded(stranger: Stage):
    await stranger.scrape_one()
    assert {call.path.rsplit(".")[-1] for call in await stranger.calls("static")} <= {"js", "css"}


async def test_nothing_secret_or_personal_is_kept(stranger: Stage):
    await stranger.sandbox.fault_settings(sign_in={"reject": True})
    await stranger.scrape_one()
    kept = repr(stranger.evidence.kept) + repr(stranger.store.entries)
    assert stranger.credentials.password not in kept
    assert stranger.credentials.username not in kept


async def test_a_landing_page_is_shown_masked_and_never_as_it_is(stranger: Stage, monkeypatch: pytest.MonkeyPatch):
    pictures: list[str] = []

    async def take_picture(page: Page, **options: Any) -> bytes:
        pictures.append(page.url)
        return await screenshot(page, **options)

    screenshot = Page.screenshot
    monkeypatch.setattr(Page, "screenshot", take_picture)
    await stranger.sandbox.fault_settings(sign_in={"cookie": "neo_sid"})
    failure = await stranger.scrape_one()
    assert isinstance(failure, Failure)
    assert failure.message == "the sign-in led to a landing page, but set no session cookie"
    evidence = stranger.evidence.kept[TODAY]
    assert evidence.address.endswith("/dashboard")
    assert evidence.screenshot is not None
    assert pictures == ["about:blank"]
    assert stranger.account.name not in evidence.title + evidence.body
