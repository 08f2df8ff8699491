"""The API's own description (OpenAPI 3.1), at `GET /openapi.json`."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel

from actors.http.requests import SyncBody
from actors.http.response_models import ClinicFreshness, Done, NotAccepted, NotDone, SyncNotAccepted
from actors.spec.replies import OverviewReply, SyncReply
from actors.spec.schemas import WEBHOOKS, Schema, definitions

_PATH = "/api/idexx/schedule-sync"
_AT = "#/components/schemas/"

_OBJECT: dict[str, Any] = {"type": "object"}
_HEALTH = {
    "type": "object",
    "required": ["status", "checks"],
    "properties": {"status": {"enum": ["pass", "warn", "fail"]}, "checks": _OBJECT},
}

_CLINIC_ID = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,40}$", "description": "its slug or its UUID"}

#: The models of the response bodies.
_BODIES: tuple[type[BaseModel], ...] = (
    ClinicFreshness,
    SyncNotAccepted,
    Done,
    NotAccepted,
    NotDone,
    OverviewReply,
    SyncReply,
    *WEBHOOKS,
)

_REFUSALS = {
    400: "invalid request; the message names the field",
    401: "no valid key, or the clinic has no credentials that the portal accepts",
    403: "the key lacks the right for this, or is for another clinic",
    404: "unknown clinic or sync",
    408: "the sync, or the request's body, timed out",
    409: "the sync was cancelled by another client",
    413: "the body is too large",
    415: "the body is not JSON",
    421: "without API_KEYS, requests without a key are accepted to this machine's local names only",
    429: "the clinic's queue of syncs is full",
    500: "the sync failed",
    503: "shutting down, or a dependency is unavailable",
}


def description(*, with_keys: bool) -> dict[str, Any]:
    """The document. `with_keys`: every request of the API needs a key."""
    page: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "idexx-sync",
            "version": version("idexx-sync"),
            "description": "Syncs of veterinary clinics' calendars. The API is a client of the NATS interface.",
        },
        "paths": {
            _PATH: {"post": _sync()},
            f"{_PATH}/status": {"get": _status()},
            f"{_PATH}/{{sync_id}}/events": {"get": _events()},
            "/api/idexx/overview": {"get": _overview()},
            "/api/idexx/live": {"get": _live()},
            "/health": {"get": _watch("Every check by its name", _HEALTH)},
            "/ready": {"get": _watch("Whether this process is ready for work", _HEALTH)},
            "/live": {"get": _watch("Whether this process is alive", _OBJECT, fails=False)},
        },
        "webhooks": {"syncEnded": {"post": _webhook()}},
        "components": {"schemas": definitions(_BODIES, at=_AT)},
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
        "requestBody": {"required": True, "content": _json(SyncBody.model_json_schema())},
        "responses": {
            "200": {"description": "completed; see `partial_success`", "content": _json(_reference(Done))},
            "202": {
                "description": "accepted; `Location` is the address of the sync's status",
                "headers": {"Location": {"schema": {"type": "string"}}},
                "content": _json(_reference(SyncReply)),
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
            **_refusals(400, 403, 404, 413, 415, 421, 429, 503, body=SyncNotAccepted),
            **_refusals(401, 408, 409, 500, body=SyncNotAccepted, may_have_run=True),
        },
    }


def _status() -> dict[str, Any]:
    return {
        "summary": "The clinic's freshness, and the state of its latest sync or of the given one",
        "operationId": "status",
        "parameters": [
            _query("clinicId", _CLINIC_ID, required=True),
            _query("syncId", {"type": "string", "format": "uuid"}),
        ],
        "responses": {
            "200": {"description": "as stored", "content": _json(_reference(ClinicFreshness))},
            **_refusals(400, 401, 403, 404, 421, 503),
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
            _query("clinicId", _CLINIC_ID),
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
            **_refusals(400, 401, 403, 404, 421, 503),
        },
    }


def _overview() -> dict[str, Any]:
    return {
        "summary": "All clinics; running, queued and latest syncs; mailboxes, rate limit and circuit breaker",
        "operationId": "overview",
        "responses": {
            "200": {"description": "as stored", "content": _json(_reference(OverviewReply))},
            **_refusals(401, 421, 503),
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
            **_refusals(401, 421, 503),
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
        "requestBody": {"required": True, "content": _json({"anyOf": [_reference(model) for model in WEBHOOKS]})},
        "responses": {
            "2XX": {"description": "delivered"},
            "default": {"description": "retried later, unless the status rules that out"},
        },
    }


def _watch(summary: str, schema: dict[str, Any], *, fails: bool = True) -> dict[str, Any]:
    found = {"description": "", "content": _json(schema)}
    responses = {"200": found | {"description": "well"}}
    if fails:
        responses["503"] = found | {"description": "unhealthy, or not ready"}
    return {"summary": summary, "responses": responses}


def _refusals(*codes: int, body: type[BaseModel] = NotAccepted, may_have_run: bool = False) -> dict[str, Any]:
    """The refusals with these codes. `may_have_run`: the body may also be a sync that ran and ended this way."""
    schema = {"anyOf": [_reference(body), _reference(NotDone)]} if may_have_run else _reference(body)
    return {str(code): {"description": _REFUSALS[code], "content": _json(schema)} for code in codes}


def _reference(model: type[BaseModel]) -> Schema:
    return {"$ref": f"{_AT}{model.__name__}"}


def _query(name: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
