"""Handles signing in: the form, the password, the second factor, the session cookie."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ops.sandbox.accounts import SignInResult
from ops.sandbox.clinics import Clinic
from ops.sandbox.forms import sign_in_form, token_fits
from ops.sandbox.pages import login_page, second_factor_page
from ops.sandbox.portal import Portal
from ops.sandbox.request_log import call_of

TICKET_COOKIE = "verify_step"
#: Maximum age of the cookie in the browser; the server may end the session earlier.
COOKIE_SECONDS = 8 * 3600

REJECTED = "Invalid username or password."
LOCKED = "Your account is locked after too many failed sign-in attempts. Please contact your administrator."
WRONG_CODE = "That code is not valid. Please sign in again."
FORM_EXPIRED = "This form has expired. Please try again."


class SignInPages:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def form(self, request: Request) -> Response:
        return await self._portal.answer(request, lambda: self._form(request))

    async def submit(self, request: Request) -> Response:
        fields = await _fields(request)
        # A form without the company id field sends no value, which differs from a blank value.
        company_id = fields.get("companyId", fields.get("company_id"))
        clinic = self._portal.accounts.clinic_of(company_id, fields.get("username") or fields.get("email", ""))
        call_of(request).company_id = clinic.company_id if clinic else company_id
        return await self._portal.answer(request, lambda: self._sign_in(request, fields, clinic))

    async def second_factor_form(self, request: Request) -> Response:
        ticket = request.cookies.get(TICKET_COOKIE, "")
        call_of(request).company_id = self._portal.accounts.half_way(ticket)
        return await self._portal.answer(request, lambda: self._form(request, second_factor_page))

    async def second_factor(self, request: Request) -> Response:
        fields = await _fields(request)
        return await self._portal.answer(request, lambda: self._verify(request, fields))

    async def sign_out(self, request: Request) -> Response:
        if session := self._portal.session(request):
            session.ended = True
        return RedirectResponse("/login", 302)

    def _sign_in(self, request: Request, fields: dict[str, str], clinic: Clinic | None) -> Response:
        accounts = self._portal.accounts
        if not token_fits(request, fields):
            return self._form(request, error=FORM_EXPIRED)
        fault_settings = self._portal.board.of(clinic.company_id if clinic else None)
        result = accounts.check(clinic, fields.get("password") or fields.get("pwd", ""), fault_settings)
        if clinic is None or result is SignInResult.REJECTED:
            return self._form(request, error=REJECTED)
        if result is SignInResult.LOCKED:
            return self._form(request, error=LOCKED)
        if result is SignInResult.SECOND_FACTOR:
            response = RedirectResponse("/login/verify", 302)
            response.set_cookie(TICKET_COOKIE, accounts.ask_second_factor(clinic), httponly=True)
            return response
        return self._enter(clinic.company_id)

    def _verify(self, request: Request, fields: dict[str, str]) -> Response:
        code = fields.get("code") or fields.get("otp", "")
        company_id = self._portal.accounts.check_second_factor(request.cookies.get(TICKET_COOKIE, ""), code)
        if company_id is None or not token_fits(request, fields):
            return self._form(request, second_factor_page, error=WRONG_CODE)
        return self._enter(company_id)

    def _enter(self, company_id: str) -> Response:
        fault_settings = self._portal.board.of(company_id)
        session = self._portal.accounts.open(company_id, fault_settings, time.time())
        response = RedirectResponse(f"/{fault_settings.sign_in.landing}", 302)
        response.set_cookie(
            fault_settings.sign_in.cookie, session.id, COOKIE_SECONDS, httponly=True, samesite="lax"
        )
        return response

    def _form(self, request: Request, page: Callable[..., str] = login_page, error: str | None = None) -> Response:
        return sign_in_form(request, self._portal.board.of(call_of(request).company_id), error, page)


async def _fields(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True).items()}
