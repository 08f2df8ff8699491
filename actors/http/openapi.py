"""The API's own description (OpenAPI 3.1), at `GET /openapi.json`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel

from actors.http import openapi_details
from actors.http.calendar_feeds import FOLDER
from actors.http.day_models import DayReply
from actors.http.openapi_feed import calendar_feed
from actors.http.openapi_offer import calendar_day, free_starts, why_start
from actors.http.openapi_parts import AT, CLINIC_ID, json_content, query, reference, refusals
from actors.http.requests import SyncBody
from actors.http.response_models import ClinicFreshness, Done, NotAccepted, NotDone, SyncNotAccepted
from actors.spec.offer import FreeReply, WhyReply
from actors.spec.replies import OverviewReply, SyncReply
from actors.spec.schemas import WEBHOOKS, definitions

_PATH = "/api/idexx/schedule-sync"

_OBJECT: dict[str, Any] = {"type": "object"}
_HEALTH = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {"status": {"enum": ["pass", "warn", "fail"]}, "checks": _OBJECT},
}

#: The models of the response bodies.
_BODIES: tuple[type[BaseModel], ...] = (
    ClinicFreshness,
    DayReply,
    SyncNotAccepted,
    Done,
    NotAccepted,
    NotDone,
    FreeReply,
    OverviewReply,
    SyncReply,
    WhyReply,
    *openapi_details.BODIES,
    *WEBHOOKS,
)


def description(*, with_keys: bool) -> dict[str, Any]:
    """The document. `with_keys`: every request of the API needs a key."""
    page: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "idexx-sync",
            "version": version("idexx-sync"),
            "description": "Syncs of veterinary clinics' calendars. The API is a client of the NATS interface, except "
            "for what has names.",
        },
        "paths": {
            _PATH: {"post": _sync()},
            f"{_PATH}/status": {"get": _status()},
            f"{_PATH}/{{sync_id}}/events": {"get": _events()},
            "/api/idexx/day": {"get": calendar_day()},
            "/api/idexx/overview": {"get": _overview()},
            "/api/idexx/live": {"get": _live()},
            "/api/idexx/free": {"get": free_starts()},
            "/api/idexx/why": {"get": why_start()},
            f"{FOLDER}/{{token}}.ics": {"get": calendar_feed()},
            **openapi_details.paths(),
            "/health": {"get": _watch("Every check by its name", _HEALTH)},
            "/ready": {"get": _watch("Whether this process is ready for work", _HEALTH)},
            "/live": {"get": _watch("Whether this process is alive", _OBJECT, fails=False)},
        },
        "webhooks": {"syncEnded": {"post": _webhook()}},
        "components": {"schemas": definitions(_BODIES, at=AT)},
    }
    page["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    for path, methods in page["paths"].items():
        if path.startswith("/api"):
            for operation in methods.values():
                operation["security"] = [{"key": []}, *([] if with_keys else [{}])]
    return page


def _sync() -> dict[str, Any]:
    return {
        "summary": "Run a sync and respond when it has ended",
        "description": "A client that disconnects cancels the sync, unless an earlier request with the same "
        "requestId started it.",
        "operationId": "sync",
        "parameters": [
            {
                "name": "Prefer",
                "in": "header",
                "description": "`respond-async`: respond with 202 at once",
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {"required": True, "content": json_content(SyncBody.model_json_schema())},
        "responses": {
            "200": {"description": "completed; see `partial_success`", "content": json_content(reference(Done))},
            "202": {
                "description": "accepted; `Location` is the address of the sync's status",
                "headers": {"Location": {"schema": {"type": "string"}}},
                "content": json_content(reference(SyncReply)),
                "links": {
                    "status": {
                        "operationId": "status",
                        "parameters": {
                            "clinicId": "$request.body#/clinicId",
                            "syncId": "$response.body#/sync_id",
                        },
                    }
                },
            },
            **refusals(400, 403, 404, 413, 415, 421, 429, 503, body=SyncNotAccepted),
            **refusals(401, 408, 409, 500, body=SyncNotAccepted, may_have_run=True),
        },
    }


def _status() -> dict[str, Any]:
    return {
        "summary": "The clinic's freshness, and the state of its latest sync or of the given one",
        "operationId": "status",
        "parameters": [
            query("clinicId", CLINIC_ID, required=True),
            query("syncId", {"type": "string", "format": "uuid"}),
        ],
        "responses": {
            "200": {"description": "as stored", "content": json_content(reference(ClinicFreshness))},
            **refusals(400, 401, 403, 404, 421, 503),
        },
    }


def _events() -> dict[str, Any]:
    return {
        "summary": "Stream the events of a sync, from the first one on",
        "operationId": "events",
        "parameters": [
            {
                "name": "sync_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "format": "uuid"},
            },
            query("clinicId", CLINIC_ID),
            {
                "name": "Last-Event-ID",
                "in": "header",
                "description": "the number of the last event that the client has",
                "schema": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
            },
        ],
        "responses": {
            "200": {
                "description": "`id` is the event's number, `event` its name, `data` its JSON",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "204": {"description": "the sync has ended, and the client has all of its events"},
            **refusals(400, 401, 403, 404, 421, 503),
        },
    }


def _overview() -> dict[str, Any]:
    return {
        "summary": "All clinics; running, queued and latest syncs; mailboxes, rate limit and circuit breaker",
        "operationId": "overview",
        "responses": {
            "200": {"description": "as stored", "content": json_content(reference(OverviewReply))},
            **refusals(401, 421, 503),
        },
    }


def _live() -> dict[str, Any]:
    description = (
        "first `state`, the overview with the dates of running syncs; then, at least every "
        "few seconds, `change` with the parts that differ and, in `gone`, the parts that "
        "were removed; `away`, with an error, while no gateway replies"
    )
    return {
        "summary": "Stream the overview and its changes",
        "operationId": "live",
        "responses": {
            "200": {"description": description, "content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **refusals(401, 421, 503),
        },
    }


def _webhook() -> dict[str, Any]:
    """The webhook request that we send; the receiver responds."""
    signed = {
        "webhook-id": "the same for each attempt of one delivery",
        "webhook-timestamp": "Unix time of this attempt, in seconds",
    }
    signed["webhook-signature"] = (
        "`v1,` and the base64 HMAC-SHA256 of id.timestamp.body; two of them after a rotation"
    )
    return {
        "summary": "A sync has ended: POSTed to the clinic's webhook, signed by Standard Webhooks 1.0",
        "operationId": "syncEnded",
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in signed.items()
        ],
        "requestBody": {
            "required": True,
            "content": json_content({"anyOf": [reference(model) for model in WEBHOOKS]}),
        },
        "responses": {
            "2XX": {"description": "delivered"},
            "default": {"description": "retried later, unless the status rules that out"},
        },
    }


def _watch(summary: str, schema: dict[str, Any], *, fails: bool = True) -> dict[str, Any]:
    found = {"description": "", "content": json_content(schema)}
    responses = {"200": found | {"description": "well"}}
    if fails:
        responses["503"] = found | {"description": "unhealthy, or not ready"}
    return {"summary": summary, "responses": responses}
