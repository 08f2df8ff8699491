"""The two applications: the gateway's, with the API, and a worker's, without."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from actors.http.api import Api
from actors.http.callers import CallerCheck
from actors.http.openapi import description
from actors.http.page import page_routes
from actors.http.probes import ProbeRoutes
from actors.http.responses import HANDLERS, answer
from actors.http.server import is_loopback
from actors.http.signatures import SignatureCheck
from actors.http.tracing import Spans
from actors.settings import Settings, SettingsError


def gateway_app(settings: Settings, probes: ProbeRoutes, api: Api) -> Starlette:
    """The gateway's application. Raises `SettingsError` if it would be open to other machines without keys."""
    signatures = SignatureCheck.of(settings)
    has_keys = bool(settings.api_keys) or signatures is not None
    if not has_keys and not is_loopback(settings.http_host):
        raise SettingsError(_open_to_all(settings))
    local = frozenset({"localhost", "127.0.0.1", "::1", settings.http_host.lower()})
    check = Middleware(CallerCheck, keys=settings.api_keys, signatures=signatures, local_names=local)
    described = description(with_keys=has_keys)

    async def openapi(_: Request) -> Response:
        return answer(described)

    routes: list[BaseRoute] = [Route("/openapi.json", openapi, methods=["GET"]), *probes.routes()]
    # The page contains no data, so it needs no key; without keys it requires a local host name, like the API.
    routes += page_routes([] if has_keys else [check])
    routes.append(Mount("/api", routes=api.routes(), middleware=[check, Middleware(Spans)]))
    return Starlette(routes=routes, exception_handlers=HANDLERS)


def _open_to_all(settings: Settings) -> str:
    reach = f"HTTP_HOST={settings.http_host!r} can be reached from other machines"
    if settings.skip_qstash_verify:
        return (
            f"{reach}, and SKIP_QSTASH_VERIFY=true would let each of them start syncs: unset it, or set API_KEYS, or "
            "set HTTP_HOST=127.0.0.1"
        )
    return (
        f"{reach}, but neither API_KEYS nor QSTASH_CURRENT_SIGNING_KEY is set: create a key with "
        "`python -m actors.http.keys NAME`, or set HTTP_HOST=127.0.0.1"
    )


def worker_app(probes: ProbeRoutes) -> Starlette:
    return Starlette(routes=probes.routes(), exception_handlers=HANDLERS)
