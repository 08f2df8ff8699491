"""The two applications: the gateway's, with the API, and a worker's, without."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from actors.http.acting import Acting
from actors.http.api import Api
from actors.http.calendar_day import CalendarDays
from actors.http.calendar_feeds import FOLDER, CalendarFeeds
from actors.http.callers import CallerCheck
from actors.http.details import Details
from actors.http.openapi import description
from actors.http.page import page_routes
from actors.http.probes import ProbeRoutes
from actors.http.responses import HANDLERS, answer, on_unknown_page
from actors.http.server import is_loopback
from actors.http.signatures import SignatureCheck
from actors.http.stored_keys import StoredKeys
from actors.http.tracing import Spans
from actors.settings import Settings


def gateway_app(
    settings: Settings,
    probes: ProbeRoutes,
    api: Api,
    more: Sequence[Acting | CalendarDays | Details],
    feeds: CalendarFeeds,
    stored_keys: StoredKeys,
) -> Starlette:
    """The gateway's application. Callers without a key are admitted on loopback only, without `API_KEYS`."""
    signatures = SignatureCheck.of(settings)
    needs_key = bool(settings.api_keys) or signatures is not None or not is_loopback(settings.http_host)
    local = frozenset({"localhost", "127.0.0.1", "::1", settings.http_host.lower()})
    check = Middleware(
        CallerCheck,
        keys=settings.api_keys,
        stored_keys=stored_keys,
        signatures=signatures,
        local_names=None if needs_key else local,
    )
    described = description(with_keys=needs_key)

    async def openapi(_: Request) -> Response:
        return answer(described)

    routes: list[BaseRoute] = [Route("/openapi.json", openapi, methods=["GET"]), *probes.routes()]
    # The page contains no data, so it needs no key; without keys it requires a local host name, like the API.
    routes += page_routes([] if needs_key else [check])
    more_routes = [route for each in more for route in each.routes()]
    routes.append(Mount("/api", routes=[*api.routes(), *more_routes], middleware=[check, Middleware(Spans)]))
    # The token in a feed's address is its key.
    routes.append(Mount(FOLDER, routes=feeds.routes(), middleware=[Middleware(Spans)]))
    return Starlette(routes=routes, exception_handlers={**HANDLERS, 404: on_unknown_page})


def worker_app(probes: ProbeRoutes) -> Starlette:
    return Starlette(routes=probes.routes(), exception_handlers=HANDLERS)
