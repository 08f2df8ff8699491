"""The description of the requests about one clinic, one sync and one date, and of those that act."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from actors.http.action_bodies import BookingBody, BookingReply, CancelBody, RemovalsBody
from actors.http.detail_models import ClinicDetail, DateDetail, EvidenceReply, SyncDetail
from actors.http.openapi_parts import CLINIC_ID, json_content, query, reference, refusals
from actors.spec.replies import CancelReply, DecisionReply

#: The models of the responses.
BODIES: tuple[type[BaseModel], ...] = (
    BookingReply,
    CancelReply,
    ClinicDetail,
    DateDetail,
    DecisionReply,
    EvidenceReply,
    SyncDetail,
)

_CLINIC = query("clinicId", CLINIC_ID, required=True)
_SYNC = query("syncId", {"type": "string", "format": "uuid"}, required=True)
_EVIDENCE = query("evidenceId", {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, required=True)
_DATE = query("date", {"type": "string", "format": "date"}, required=True)
_SLOT = (
    query(
        "at", {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "description": "on the clinic's clock"}
    ),
    query("column", {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\x00-\x1f\x7f]*$"}),
)


def paths() -> dict[str, Any]:
    return {
        "/api/idexx/clinic": {
            "get": _read(
                "clinic", "A clinic with its latest syncs, bookings that wait, and actions", ClinicDetail, _CLINIC
            )
        },
        "/api/idexx/sync": {
            "get": _read(
                "syncDetail",
                "A sync with its dates, its events and the removals that it holds; names with the right `names`",
                SyncDetail,
                *(_CLINIC, _SYNC),
            )
        },
        "/api/idexx/date": {
            "get": _read(
                "date",
                "What syncs did with a date and what changed on it, or at one time of it; names with the right `names`",
                DateDetail,
                *(_CLINIC, _DATE, *_SLOT),
            )
        },
        "/api/idexx/evidence": {
            "get": _read(
                "evidence",
                "What the portal returned when a date failed, masked; with the right `names`",
                EvidenceReply,
                *(_CLINIC, _EVIDENCE),
            )
        },
        "/api/idexx/screenshot": {"get": _screenshot()},
        "/api/idexx/cancel": {"post": _act("cancel", "Cancel a queued or running sync", CancelBody, CancelReply)},
        "/api/idexx/removals": {
            "post": _act(
                "decideRemovals", "Approve or reject the held removals of a sync", RemovalsBody, DecisionReply
            )
        },
        "/api/idexx/booking": {
            "post": _act("decideBooking", "Settle, confirm or release a booking", BookingBody, BookingReply)
        },
    }


def _read(operation: str, summary: str, reply: type[BaseModel], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": summary,
        "operationId": operation,
        "parameters": list(parameters),
        "responses": {
            "200": {"description": "as stored", "content": json_content(reference(reply))},
            **refusals(400, 401, 403, 404, 409, 421, 503),
        },
    }


def _screenshot() -> dict[str, Any]:
    found = _read("screenshot", "The screenshot of a piece of evidence, masked", EvidenceReply, _CLINIC, _EVIDENCE)
    png = {"image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}}}
    answers = {"200": {"description": "the picture", "content": png}, "204": {"description": "it has none"}}
    return found | {"responses": found["responses"] | answers}


def _act(operation: str, summary: str, body: type[BaseModel], reply: type[BaseModel]) -> dict[str, Any]:
    return {
        "summary": f"{summary}; with the right `act`",
        "description": f"{_sentences(body)} Recorded in `idexx_sync.actions` and published as an event.",
        "operationId": operation,
        "requestBody": {"required": True, "content": json_content(body.model_json_schema())},
        "responses": {
            "200": {"description": "done", "content": json_content(reference(reply))},
            **refusals(400, 401, 403, 404, 408, 409, 413, 415, 421, 503),
        },
    }


def _sentences(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())
