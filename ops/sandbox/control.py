"""The sandbox's control pages under /_sandbox: the truth, the fault settings, and the request log."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ops.sandbox.changes import ChangeRequest, UnknownRecord, apply_changes
from ops.sandbox.configuration import view
from ops.sandbox.portal import Portal

Endpoint = Callable[[Request], Awaitable[Response]]


class Control:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def routes(self) -> list[Route]:
        return [
            Route("/clinics", self.clinics, methods=["GET"]),
            Route("/appointments", refusing(self.appointments), methods=["GET"]),
            Route("/fault_settings", refusing(self.fault_settings), methods=["GET", "PATCH", "DELETE"]),
            Route("/changes", refusing(self.changes), methods=["POST"]),
            Route("/request_log", self.request_log, methods=["GET", "DELETE"]),
            Route("/sessions", self.sessions, methods=["GET", "DELETE"]),
            Route("/reset", refusing(self.reset), methods=["POST"]),
        ]

    async def clinics(self, _request: Request) -> Response:
        return JSONResponse(
            [
                {
                    "company_id": clinic.company_id,
                    "username": clinic.username,
                    "password": clinic.password,
                    "slug": clinic.slug,
                    "name": clinic.name,
                    "timezone": clinic.timezone,
                    "country": clinic.country,
                    "today": self._portal.schedules[clinic.company_id].today.isoformat(),
                    "config": view(clinic),
                }
                for clinic in self._portal.clinics.values()
            ]
        )

    async def appointments(self, request: Request) -> Response:
        company_id = self._company_id(request.query_params.get("company_id", ""))
        first, last = (date.fromisoformat(request.query_params.get(name, "")) for name in ("start", "end"))
        zone = self._portal.clinics[company_id].zone
        records = self._portal.schedule(company_id).between(first, last)
        shown = [record for record in records if record.kind != "roster"]
        if "references" in request.query_params:
            return JSONResponse([dict(record.truth(zone)) | record.references() for record in shown])
        return JSONResponse([record.truth(zone) for record in shown])

    async def fault_settings(self, request: Request) -> Response:
        company_id = request.query_params.get("company_id")
        if company_id is not None:
            self._company_id(company_id)
        if request.method == "DELETE":
            self._portal.reset_fault_settings()
        if request.method == "PATCH":
            patch = json.loads(await request.body())
            if not isinstance(patch, dict):
                raise ValueError("a patch of the fault settings must be a JSON object")
            if patch.pop("expire_sessions", False):
                self._portal.accounts.end(company_id)
            self._portal.turn(patch, company_id)
        return JSONResponse(self._portal.board.of(company_id).model_dump(mode="json"))

    async def changes(self, request: Request) -> Response:
        wanted = ChangeRequest.model_validate_json(await request.body())
        company_id = self._company_id(wanted.company_id)
        fault_settings = self._portal.board.of(company_id)
        done = apply_changes(
            self._portal.schedules[company_id],
            wanted,
            glitch=fault_settings.glitch,
            glitch_until=time.time() + fault_settings.glitch_seconds,
        )
        return JSONResponse(done)

    async def request_log(self, request: Request) -> Response:
        wanted = request.query_params
        calls = [
            call.to_json()
            for call in self._portal.request_log.calls
            if wanted.get("kind", call.kind) == call.kind
            and wanted.get("company_id", call.company_id) == call.company_id
        ]
        if request.method == "DELETE":
            self._portal.request_log.clear()
        return JSONResponse(calls)

    async def sessions(self, request: Request) -> Response:
        """GET counts active sessions by clinic; DELETE ends those of one clinic or of all."""
        alive = self._portal.accounts.alive(time.time())
        if request.method == "DELETE":
            self._portal.accounts.end(request.query_params.get("company_id"))
        return JSONResponse(alive)

    async def reset(self, request: Request) -> Response:
        """Resets calendars, fault settings, sessions, locks, rate limits and the request log.

        With `today`, calendars are generated around that day from now on.
        """
        if today := request.query_params.get("today"):
            self._portal.settings = replace(self._portal.settings, today=date.fromisoformat(today))
        self._portal.reset()
        return JSONResponse({"ok": True})

    def _company_id(self, company_id: str) -> str:
        if company_id not in self._portal.clinics:
            raise ValueError(f"no clinic {company_id!r}; the clinics are {', '.join(self._portal.clinics)}")
        return company_id


def refusing(endpoint: Endpoint) -> Endpoint:
    """Wraps an endpoint so that it returns 400 with the reason for invalid input."""

    async def refuse(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as error:
            problems: list[Any] = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
            return JSONResponse({"error": "; ".join(problems)}, 400)
        except (UnknownRecord, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return refuse
