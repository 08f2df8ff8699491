"""The response with the sign-in form and its CSRF token."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ops.sandbox.fault_settings import FaultSettings
from ops.sandbox.pages import login_page
from ops.sandbox.tags import with_mark

#: The cookie of the form's CSRF token. It is set before signing in, although its name suggests a session.
CSRF_COOKIE = "csrf_token"


def sign_in_form(
    request: Request,
    fault_settings: FaultSettings,
    error: str | None = None,
    page: Callable[..., str] = login_page,
) -> Response:
    token = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(18)
    response = HTMLResponse(
        page(fault_settings, token=token, error=error and with_mark(error, fault_settings.tag))
    )
    response.set_cookie(CSRF_COOKIE, token, samesite="lax")
    return response


def token_fits(request: Request, fields: dict[str, str]) -> bool:
    """Whether the submitted form was issued to this browser."""
    token = request.cookies.get(CSRF_COOKIE, "")
    return bool(token) and secrets.compare_digest(token.encode(), fields.get("_csrf", "").encode())
