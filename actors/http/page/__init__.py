"""The dashboard at `GET /`; the pages of a clinic, a sync, a date and a day of the calendar at `/clinic?clinic=…`,
`/sync?clinic=…&sync=…`, `/date?clinic=…&date=…` and `/day?clinic=…&date=…`.

Static files beside this module, served unchanged: no build step, nothing from other hosts, no personal data. The
pages read all data from the API, like any other caller, with the key that is typed in, and act with it if it may.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_FOLDER = Path(__file__).parent

#: The type of a file, by the end of its name.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

#: The pages by path. Those of a clinic, a sync and a date are one file, whose script draws what the path says.
PAGES = {
    "/": "page.html",
    "/day": "day.html",
    **dict.fromkeys(("/clinic", "/sync", "/date"), "detail.html"),
}

#: By path: the file and its type. A file that is not a page has its own name as path.
FILES = {
    path: (name, TYPES[Path(name).suffix])
    for path, name in sorted(
        {
            f"/{file.name}": file.name for file in _FOLDER.iterdir() if file.suffix in {".css", ".js", ".svg"}
        }.items()
        | PAGES.items()
    )
}

#: Allows only our own files, no inline script or style, and no framing; text never becomes markup.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
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
    return [
        Route(path, _serving((_FOLDER / name).read_bytes(), kind), methods=["GET"], middleware=middleware)
        for path, (name, kind) in FILES.items()
    ]


def _serving(body: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    headers = {**_HEADERS, "Content-Type": kind, "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers)

    return serve
