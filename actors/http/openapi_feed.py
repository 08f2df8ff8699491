"""The description of the request for a calendar feed."""

from __future__ import annotations

from typing import Any

from actors.http.calendar_feeds import FRESH_FOR, MAX_REQUESTS, REQUESTS_WITHIN
from actors.http.openapi_parts import refusals

_ETAG = {"ETag": {"schema": {"type": "string"}}}


_REFUSALS = {
    "404": "the token is unknown, expired or revoked",
    "409": "the clinic's time zone is not known",
    "429": "this feed was read too often; `Retry-After` says when it can be read again",
}


def calendar_feed() -> dict[str, Any]:
    refused = refusals(404, 409, 429, 503)
    for status, description in _REFUSALS.items():
        refused[status]["description"] = description
    return {
        "summary": "A part of a clinic's calendar, as iCalendar",
        "description": "For calendar programs that subscribe to an address. `idexx-sync calendar-feed new` makes the "
        "token; no other key is needed. Names only if the feed was made with them. At most "
        f"{MAX_REQUESTS} requests within {REQUESTS_WITHIN:g} s for each feed; it changes at most once in "
        f"{FRESH_FOR:g} s.",
        "operationId": "calendarFeed",
        "security": [],
        "parameters": [
            {
                "name": "token",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$"},
            },
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "the `ETag` of the document that the client has",
                "schema": {"type": "string"},
            },
        ],
        "responses": {
            "200": {
                "description": "the document",
                "headers": _ETAG,
                "content": {"text/calendar": {"schema": {"type": "string"}}},
            },
            "304": {"description": "unchanged", "headers": _ETAG},
            **refused,
        },
    }
