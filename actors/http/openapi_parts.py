"""The parts of which the descriptions of all requests are made."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from actors.http.response_models import NotAccepted, NotDone
from actors.spec.schemas import Schema

#: Where the schemas of the bodies are.
AT = "#/components/schemas/"

CLINIC_ID = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,40}$", "description": "its slug or its UUID"}

_REFUSALS = {
    400: "invalid request; the message names the field",
    401: "no valid key, or the clinic has no credentials that the portal accepts",
    403: "the key lacks the right for this, or is for another clinic",
    404: "unknown clinic or sync",
    408: "the sync, or the request's body, timed out",
    409: "the sync was cancelled by another client, or the clinic's time zone is not known",
    413: "the body is too large",
    415: "the body is not JSON",
    421: "without API_KEYS, requests without a key are accepted to this machine's local names only",
    429: "the clinic's queue of syncs is full",
    500: "the sync failed",
    503: "shutting down, or a dependency is unavailable",
}


def refusals(*codes: int, body: type[BaseModel] = NotAccepted, may_have_run: bool = False) -> dict[str, Any]:
    """The refusals with these codes. `may_have_run`: the body may also be a sync that ran and ended this way."""
    schema = {"anyOf": [reference(body), reference(NotDone)]} if may_have_run else reference(body)
    return {str(code): {"description": _REFUSALS[code], "content": json_content(schema)} for code in codes}


def reference(model: type[BaseModel]) -> Schema:
    return {"$ref": f"{AT}{model.__name__}"}


def query(name: str, schema: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def json_content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
