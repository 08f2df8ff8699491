"""A read-only dashboard at `GET /`, and one day of a clinic's calendar at `GET /day?clinic=…&date=…`.

Static files beside this module, served unchanged: no build step, nothing from other hosts, no personal data. The
pages read all data from the API, like any other caller, with the key that is typed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

#: By path: the file and its type.
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/feed.js": ("feed.js", "text/javascript; charset=utf-8"),
    "/draw.js": ("draw.js", "text/javascript; charset=utf-8"),
    "/words.js": ("words.js", "text/javascript; charset=utf-8"),
    "/key.js": ("key.js", "text/javascript; charset=utf-8"),
    "/day": ("day.html", "text/html; charset=utf-8"),
    "/day.css": ("day.css", "text/css; charset=utf-8"),
    "/day.js": ("day.js", "text/javascript; charset=utf-8"),
    "/calendar.js": ("calendar.js", "text/javascript; charset=utf-8"),
    "/why.js": ("why.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

#: Allows only our own files, no inline script or style, and no framing; text never becomes markup.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Cached, but revalidated each time: after an upgrade no browser shows the old page.
    "Cache-Control": "no-cache",
}


def page_routes(middleware: Sequence[Middleware]) -> list[Route]:
    folder = Path(__file__).parent
    return [
        Route(path, _serving((folder / name).read_bytes(), kind), methods=["GET"], middleware=middleware)
        for path, (name, kind) in FILES.items()
    ]


def _serving(body: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    headers = {**_HEADERS, "Content-Type": kind, "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers)

    return serve
