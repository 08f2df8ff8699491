"""The state of the portal: clinics, calendars, sessions, fault settings and request log."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from ops.sandbox.accounts import Accounts, Session
from ops.sandbox.clinics import Clinic, catalogue
from ops.sandbox.fault_settings import FaultSettings, FaultSettingsBoard, Rule
from ops.sandbox.faults import FaultBoard
from ops.sandbox.forms import sign_in_form
from ops.sandbox.limits import RateWindows, retry_after
from ops.sandbox.moving import Moving
from ops.sandbox.pages import maintenance_page
from ops.sandbox.record_faults import RecordFaults
from ops.sandbox.request_log import Call, RequestLog, call_of
from ops.sandbox.responses import CutResponse, DrippingResponse, PaddedResponse
from ops.sandbox.schedule import Schedule
from ops.sandbox.tags import with_mark

#: Kinds of calls that return a page.
PAGES = frozenset({"login_page", "login", "second_factor", "page"})
#: Nesting depth of `deep_json`: more than a recursive parser can handle.
DEEP = 100_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Start settings of a sandbox. `today` None: each clinic's current date at the start; it stays the same after
    midnight."""

    seed: int = 1
    clinics: int = 2
    today: date | None = None
    fault_settings: dict[str, Any] = field(default_factory=dict)


class Portal:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clinics: dict[str, Clinic] = {clinic.company_id: clinic for clinic in catalogue(settings.clinics)}
        self.board = FaultSettingsBoard(settings.fault_settings)
        self.accounts = Accounts(self.clinics.values())
        self.request_log = RequestLog()
        self.faults = FaultBoard(settings.seed)
        self.rates = RateWindows()
        self.record_faults = RecordFaults()
        self.moving = Moving()
        self._jitter = Random(settings.seed)
        self.reset()

    def reset(self) -> None:
        """Resets calendars, fault settings, sessions, locks, rate limits and the request log."""
        now = datetime.now(UTC)
        self.schedules = {
            company_id: Schedule(clinic, seed=self.settings.seed, today=self.settings.today or clinic.today(now))
            for company_id, clinic in self.clinics.items()
        }
        self.accounts.reset()
        self.reset_fault_settings()
        self.rates.reset()
        self.record_faults.reset()
        self.moving.reset()
        self.request_log.clear()

    def reset_fault_settings(self) -> None:
        self.board.reset()
        self.faults.reset(self.board.of(None).fail)
        for schedule in self.schedules.values():
            schedule.settle()

    def turn(self, patch: dict[str, Any], company_id: str | None) -> None:
        """Changes fault settings. Given rules restart their counts, and a glitch that ends completes its moves."""
        self.board.turn(patch, company_id)
        if "fail" in patch:
            self.faults.arm([Rule.model_validate(rule) for rule in patch["fail"] or ()], company_id)
        if patch.keys() & {"empty_once", "cut_once"}:
            self.record_faults.reset()
        for clinic_id, schedule in self.schedules.items():
            if "glitch" in patch and self.board.of(clinic_id).glitch is None:
                schedule.settle()

    def schedule(self, company_id: str) -> Schedule:
        """Returns the clinic's calendar after making the moves that are due."""
        schedule = self.schedules[company_id]
        self.moving.catch_up(schedule, self.board.of(company_id), time.time())
        return schedule

    def session(self, request: Request) -> Session | None:
        """Returns the active session of the call, if it has one."""
        session = self.accounts.session_in(request.cookies)
        return session if session and session.is_alive(time.time()) else None

    async def answer(self, request: Request, answer: Callable[[], Response]) -> Response:
        """Handles a call: applies the clinic's rate limit, latency and fault, then returns the response."""
        call = call_of(request)
        if call.company_id is None and (session := self.accounts.session_in(request.cookies)):
            call.company_id = session.company_id
        fault_settings = self.board.of(call.company_id)
        if refusal := self._refusal(call, fault_settings):
            return refusal
        if not await call.wait(self._latency(call, fault_settings)):
            return Response(status_code=503)
        rule = self.faults.for_call(call, fault_settings)
        if rule is None:
            return answer()
        call.fault = rule.mode
        return await self._misbehave(rule, request, answer)

    def _refusal(self, call: Call, fault_settings: FaultSettings) -> Response | None:
        """Returns a 429 response if the portal's rate limit, or this clinic's own, is exceeded."""
        scopes = [("", self.board.of(None))]
        if call.company_id and "rate_limit" in self.board.own(call.company_id):
            scopes.append((call.company_id, fault_settings))
        now = time.time()
        for key, limits in scopes:
            if (wait := self.rates.wait_for_room(key, limits, now)) is not None:
                call.fault = "rate_limit"
                return Response("Too many requests", 429, retry_after(limits, wait, now), "text/plain")
        return None

    def _latency(self, call: Call, fault_settings: FaultSettings) -> float:
        usual = fault_settings.latency_ms
        if call.kind in PAGES and fault_settings.page_latency_ms is not None:
            usual = fault_settings.page_latency_ms
        jitter = fault_settings.latency_jitter_ms
        return max(0.0, usual + self._jitter.uniform(-jitter, jitter)) / 1000

    async def _misbehave(self, rule: Rule, request: Request, answer: Callable[[], Response]) -> Response:
        call = call_of(request)
        tag = self.board.of(call.company_id).tag
        match rule.mode:
            case "status":
                headers = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
                status = rule.status or 500
                return Response(with_mark(f"Error {status}", tag), status, headers, "text/plain")
            case "hang":
                await call.wait(rule.seconds)
                return answer()
            case "stale":
                # The response has the data of the call's time, however late it is sent.
                early = answer()
                await call.wait(rule.seconds)
                return early
            case "slow_body":
                return DrippingResponse(answer(), call, rule.seconds)
            case "cut_body":
                return CutResponse(answer())
            case "not_json":
                text = "upstream connect error or disconnect/reset before headers"
                return Response(with_mark(text, tag), 200, None, "application/json")
            case "deep_json":
                return Response("[" * DEEP + "]" * DEEP, 200, None, "application/json")
            case "huge_body":
                return PaddedResponse(answer(), call, rule.megabytes)
            case "maintenance":
                return HTMLResponse(maintenance_page())
            case "login_page":
                return sign_in_form(request, self.board.of(call.company_id))
            case "redirect":
                return RedirectResponse(rule.location, rule.status or 302)
            case "end_session":
                self.accounts.end(call.company_id)
                return answer()
            case "drift_error":
                return JSONResponse({"success": False, "message": with_mark("try again", tag)})
            case "empty" | "bad_record":
                # The calendar handler reads `call.fault` itself: it omits its records, or alters one.
                return answer()
