"""The two applications: the gateway's, with the API, and a worker's, without."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from actors.http.api import Api
from actors.http.keys import KeyCheck
from actors.http.openapi import description
from actors.http.page import page_routes
from actors.http.probes import ProbeRoutes
from actors.http.responses import HANDLERS, answer
from actors.http.server import is_loopback
from actors.http.tracing import Spans
from actors.settings import Settings, SettingsError


def gateway_app(settings: Settings, watching: ProbeRoutes, api: Api) -> Starlette:
    """The gateway's application. Raises `SettingsError` if it would be open to other machines without keys."""
    if not settings.api_keys and not is_loopback(settings.http_host):
        raise SettingsError(
            f"HTTP_HOST={settings.http_host!r} can be reached from other machines, but API_KEYS "
            "is not set: create a key with `python -m actors.http.keys NAME`, or set "
            "HTTP_HOST=127.0.0.1"
        )
    local = frozenset({"localhost", "127.0.0.1", "::1", settings.http_host.lower()})
    check = Middleware(KeyCheck, keys=settings.api_keys, local_names=local)
    described = description(with_keys=bool(settings.api_keys))

    async def openapi(_: Request) -> Response:
        return answer(described)

    routes: list[BaseRoute] = [Route("/openapi.json", openapi, methods=["GET"]), *watching.routes()]
    # The page contains no data, so it needs no key; without keys it requires a local host name, like the API.
    routes += page_routes([] if settings.api_keys else [check])
    routes.append(Mount("/api", routes=api.routes(), middleware=[check, Middleware(Spans)]))
    return Starlette(routes=routes, exception_handlers=HANDLERS)


def worker_app(watching: ProbeRoutes) -> Starlette:
    return Starlette(routes=watching.routes(), exception_handlers=HANDLERS)
