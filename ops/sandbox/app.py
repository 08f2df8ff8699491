"""The web application: its routes and their handlers."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from ops.sandbox.calls import SignedInCalls
from ops.sandbox.control import Control
from ops.sandbox.portal import Portal
from ops.sandbox.request_log import Recorder
from ops.sandbox.signin import SignInPages


def create_app(portal: Portal) -> ASGIApp:
    sign_in, calls = SignInPages(portal), SignedInCalls(portal)
    routes = [
        Route("/", _front_door),
        Route("/login", sign_in.form, methods=["GET"]),
        Route("/login", sign_in.submit, methods=["POST"]),
        Route("/login/verify", sign_in.second_factor_form, methods=["GET"]),
        Route("/login/verify", sign_in.second_factor, methods=["POST"]),
        Route("/logout", sign_in.sign_out),
        Route("/dashboard", calls.dashboard),
        Route("/home", calls.dashboard),
        Route("/schedule", calls.schedule),
        Route("/appointments/getCalendarEventData", calls.calendar),
        Route("/appointments/getAppointmentView", calls.config),
        Route("/schedule/getScheduleConfigs", calls.config),
        Route("/appointments/getAppointment", calls.appointment),
        Route("/download/report.csv", calls.download),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        Mount("/_sandbox", routes=Control(portal).routes()),
    ]
    return Recorder(Starlette(routes=routes), portal.request_log)


async def _front_door(_request: Request) -> Response:
    return RedirectResponse("/dashboard", 302)
