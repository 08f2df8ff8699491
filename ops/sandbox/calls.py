"""The pages and JSON calls that require a session."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from ops.sandbox.accounts import Session
from ops.sandbox.clinics import Clinic
from ops.sandbox.configuration import ANSWERS
from ops.sandbox.drift import drifted, wrapped
from ops.sandbox.fault_settings import FaultSettings
from ops.sandbox.field_variants import in_variant, with_text_ids
from ops.sandbox.forms import sign_in_form
from ops.sandbox.lookup import appointment
from ops.sandbox.pages import dashboard_page, schedule_page
from ops.sandbox.portal import Portal
from ops.sandbox.record_faults import repeated
from ops.sandbox.request_log import call_of
from ops.sandbox.tags import tagged, tagged_lookup


class SignedInCalls:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    async def dashboard(self, request: Request) -> Response:
        return await self._portal.answer(request, lambda: self._page(request, dashboard_page))

    async def schedule(self, request: Request) -> Response:
        def page(fault_settings: FaultSettings, clinic: Clinic) -> str:
            return schedule_page(
                fault_settings, clinic, self._portal.schedules[clinic.company_id].today.isoformat()
            )

        return await self._portal.answer(request, lambda: self._page(request, page))

    async def calendar(self, request: Request) -> Response:
        return await self._portal.answer(request, lambda: self._json(request, self._calendar))

    async def config(self, request: Request) -> Response:
        return await self._portal.answer(request, lambda: self._json(request, self._config))

    async def appointment(self, request: Request) -> Response:
        return await self._portal.answer(request, lambda: self._json(request, self._appointment))

    async def download(self, _request: Request) -> Response:
        headers = {"Content-Disposition": 'attachment; filename="report.csv"'}
        return Response("date,appointments\n", 200, headers, "text/csv")

    def _page(self, request: Request, page: Callable[[FaultSettings, Clinic], str]) -> Response:
        session = self._portal.session(request)
        if session is None:
            return RedirectResponse("/login", 302)
        return HTMLResponse(
            page(self._portal.board.of(session.company_id), self._portal.clinics[session.company_id])
        )

    def _json(self, request: Request, answer: Callable[[Request, Session, FaultSettings], Response]) -> Response:
        session = self._portal.session(request)
        if session is None:
            return self._session_ended(request)
        if request.headers.get("x-requested-with") != "XMLHttpRequest":
            return JSONResponse({"error": "Forbidden"}, 403)
        fault_settings = self._portal.board.of(session.company_id)
        response = answer(request, session, fault_settings)
        if fault_settings.rotate_sessions:
            self._rotate(request, session, fault_settings, response)
        return response

    def _rotate(
        self, request: Request, session: Session, fault_settings: FaultSettings, response: Response
    ) -> None:
        """Replaces the session's cookie with a new one of the same name."""
        [name] = [name for name, value in request.cookies.items() if value == session.id]
        session.ended = True
        response.set_cookie(
            name, self._portal.accounts.open(session.company_id, fault_settings, time.time()).id, httponly=True
        )

    def _session_ended(self, request: Request) -> Response:
        fault_settings = self._portal.board.of(call_of(request).company_id)
        match fault_settings.session_end_form:
            case "302":
                return RedirectResponse("/login", 302)
            case "login_page":
                return sign_in_form(request, fault_settings)
            case "json":
                return JSONResponse({"success": False, "message": "Session expired", "data": []})
            case "script":
                return HTMLResponse("<html><script>window.location = '/login'</script></html>")
            case status:
                return Response(status_code=int(status))

    def _calendar(self, request: Request, session: Session, fault_settings: FaultSettings) -> Response:
        call = call_of(request)
        try:
            start, end = _local_time(call.query["start"]), _local_time(call.query["end"])
        except (KeyError, ValueError):
            return JSONResponse({"error": "start and end must be YYYY-MM-DD HH:MM:SS"}, 400)
        if not start < end <= start + timedelta(days=366):
            return JSONResponse({"error": "the range is empty or too long"}, 400)
        if fault_settings.max_span_days is not None and end - start > timedelta(days=fault_settings.max_span_days):
            return JSONResponse({"error": "Internal Server Error"}, 500)
        clinic, schedule = self._portal.clinics[session.company_id], self._portal.schedule(session.company_id)
        shown = [] if call.fault == "empty" else schedule.shown(start, end, call.at)
        shown = [record for record in shown if record.id not in fault_settings.hidden_ids]
        if fault_settings.hide_cancelled:
            shown = [record for record in shown if record.status != "Cancelled"]
        shown_records = self._portal.record_faults.apply(shown, clinic.company_id, start, end, fault_settings)
        field_variant = fault_settings.field_variant or clinic.field_variant
        records: list[Any] = [
            tagged(in_variant(shown_as, clinic.zone, field_variant, fault_settings.times), fault_settings.tag)
            for record in shown_records
            for shown_as in repeated(record, clinic, fault_settings)
        ]
        if fault_settings.text_ids:
            records = [with_text_ids(record) for record in records]
        after = fault_settings.new_fields_after
        if after is not None and self._portal.request_log.count("calendar", clinic.company_id) > after:
            records = drifted(records, "new_fields")
        for drift in fault_settings.drift:
            records = drifted(records, drift)
        if call.fault == "bad_record":
            records = drifted(records, "end_before_start")
        answer = wrapped(
            records[: fault_settings.max_records], fault_settings.wrapper or clinic.wrapper, fault_settings.drift
        )
        # Escaped, because a lone surrogate cannot be encoded as UTF-8.
        return Response(json.dumps(answer), 200, None, "application/json")

    def _appointment(self, request: Request, session: Session, fault_settings: FaultSettings) -> Response:
        clinic, schedule = self._portal.clinics[session.company_id], self._portal.schedule(session.company_id)
        wanted = call_of(request).query.get("id", "")
        if fault_settings.lookup_call == "page":
            return HTMLResponse("<html><title>Neo</title><body>Page not found</body></html>")
        record, is_deleted = schedule.look_up(int(wanted)) if wanted.isdecimal() else (None, False)
        if fault_settings.lookup_call == "absent" or record is None or record.kind == "roster":
            return JSONResponse({"error": "Not Found"}, 404)
        if is_deleted and fault_settings.lookup_of_deleted == "404":
            return JSONResponse({"error": "Not Found"}, 404)
        found = tagged_lookup(appointment(record, clinic, is_deleted=is_deleted), fault_settings.tag)
        return JSONResponse({"data": [found]} if fault_settings.lookup_call == "other" else found)

    def _config(self, request: Request, session: Session, fault_settings: FaultSettings) -> Response:
        answer = ANSWERS[request.url.path](self._portal.clinics[session.company_id], fault_settings)
        return JSONResponse({"error": "Not Found"}, 404) if answer is None else JSONResponse(answer)


def _local_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.isoformat(" ") != text:
        raise ValueError(text)
    return moment
