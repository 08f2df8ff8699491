"""The description of the requests about a clinic's offer and its calendar."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from actors.http.day_models import DayReply
from actors.http.openapi_parts import CLINIC_ID, json_content, query, reference, refusals
from actors.http.requests import FreeParameters
from actors.requests import WhyQuery
from actors.spec.offer import FreeReply, WhyReply


def free_starts() -> dict[str, Any]:
    return {
        "summary": "The starts that a clinic can offer, and why a date has none",
        "description": "Give daysAhead, or startDate and endDate (both inclusive). An unknown parameter is refused.",
        "operationId": "free",
        "parameters": [query("clinicId", CLINIC_ID, required=True), *_parameters(FreeParameters)],
        "responses": {
            "200": {"description": "at the moment of the request", "content": json_content(reference(FreeReply))},
            **refusals(400, 401, 403, 404, 409, 413, 421, 503),
        },
    }


def why_start() -> dict[str, Any]:
    return {
        "summary": "Why a clinic can offer a start, or why not",
        "description": "An unknown parameter is refused.",
        "operationId": "why",
        "parameters": [query("clinicId", CLINIC_ID, required=True), *_parameters(WhyQuery)],
        "responses": {
            "200": {"description": "at the moment of the request", "content": json_content(reference(WhyReply))},
            **refusals(400, 401, 403, 404, 409, 413, 421, 503),
        },
    }


def calendar_day() -> dict[str, Any]:
    return {
        "summary": "One day of a clinic's calendar and what is free on it; names with the right `names`",
        "operationId": "day",
        "parameters": [
            query("clinicId", CLINIC_ID, required=True),
            query("date", {"type": "string", "format": "date", "description": "default: today at the clinic"}),
        ],
        "responses": {
            "200": {"description": "as stored", "content": json_content(reference(DayReply))},
            **refusals(400, 401, 403, 404, 409, 421, 503),
        },
    }


def _parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The fields of a request as parameters of a query, in which nothing is null."""
    schema = model.model_json_schema()
    return [
        query(name, field.get("anyOf", [field])[0], required=name in schema.get("required", ()))
        for name, field in schema["properties"].items()
    ]
