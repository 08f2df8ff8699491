"""Describes validation errors in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.local_time import MOMENT

#: The form of a clinic's slug or id.
CLINIC_ID: Final = r"^[A-Za-z0-9-]{1,40}$"

#: By pydantic's error type; `{...}` is filled from the error's context.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "model_type": "must be an object",
    "string_type": "must be a string",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "value_error": "{error}",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing"), "must be a date, written YYYY-MM-DD"
    ),
    **dict.fromkeys(("uuid_type", "uuid_parsing"), "must be a UUID"),
}


def what_is_wrong(error: Mapping[str, Any]) -> str:
    """Describes one of `ValidationError.errors()`, with its context; falls back to pydantic's own message."""
    context = error.get("ctx", {})
    if error["type"] == "string_too_short":
        return (
            "must not be empty"
            if context["min_length"] == 1
            else f"must have at least {context['min_length']} characters"
        )
    if context.get("pattern") == MOMENT:
        return "must be a time, such as 2026-12-08 10:30 on the clinic's clock, or 2026-12-08T10:30:00-07:00"
    if context.get("pattern") == CLINIC_ID:
        return "must be a clinic's slug, such as cedar-creek, or its id"
    words = _WORDS.get(error["type"])
    return str(error["msg"]) if words is None else words.format(**context)
