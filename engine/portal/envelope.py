"""Reads the envelope of a calendar response: the array of records, and the fields beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.drift import drift, safe_names
from engine.portal.fields import NOTHING, Record

#: The keys under which the array of records has been seen.
WRAPPERS = ("events", "data", "appointments", "results")

#: Fields that may stand beside the array without changing its meaning, with their good values.
_BESIDE: dict[str, tuple[object, ...]] = {
    "success": (True, 1),
    "ok": (True, 1),
    "status": ("success", "ok", 200),
    "error": (None, False, ""),
    "errors": (None, False, []),
    "message": (None, "", "OK", "ok"),
}

#: Numbers beside the array that must equal the number of records.
_TOTALS = frozenset({"total", "count", "totalCount", "total_count", "recordsTotal"})

#: Parts of a name that indicate further records.
_PAGING = frozenset(
    {"more", "next", "cursor", "page", "pages", "paging", "pagination", "offset", "limit", "continuation"}
    | {"truncated", "partial", "incomplete", "remaining", "skip"}
)

#: Nesting levels that are searched beside the records.
MAX_DEPTH = 10

#: Parts of a name that indicate a number of records.
_COUNTING = frozenset({"total", "totals", "count"})


def find_records(value: Any) -> tuple[str, Sequence[Record], list[str]]:
    """The wrapper, its records, and the unknown names beside it.

    Raises `PortalFailure` unless there is exactly one array of objects that seems to contain all records.
    """
    if isinstance(value, list):
        return "array", _objects(value), []
    if not isinstance(value, dict):
        raise drift("the response is neither an array nor an object")
    found = [key for key in WRAPPERS if key in value]
    if not found:
        _check_trouble(value)
        raise drift("the response has no known wrapper", value)
    if len(found) > 1:
        raise drift(
            f"the response has several wrappers ({', '.join(found)})", [key for key in value if key not in found]
        )
    wrapper = found[0]
    records = value[wrapper]
    beside = {key: said for key, said in value.items() if key != wrapper}
    if not isinstance(records, list):
        _check_trouble(beside)
        raise drift(f"the value of {wrapper} is not an array")
    return wrapper, _objects(records), _check_beside(beside, len(records))


def _objects(records: list[Any]) -> Sequence[Record]:
    """The records. One that is not an object, such as null, becomes an empty record, and is left out like any bad
    one.

    If none of them is an object, the response is drift.
    """
    if records and not any(isinstance(record, dict) for record in records):
        raise drift("a record is not an object")
    return [record if isinstance(record, dict) else {} for record in records]


def _check_trouble(beside: Mapping[str, Any]) -> None:
    """Raises a bad-answer failure, which is retried, if the response reports trouble, whatever else it lacks."""
    if bad := [key for key, said in beside.items() if key in _BESIDE and said not in _BESIDE[key]]:
        raise PortalFailure(Failure(Reason.BAD_ANSWER, f"the response reports an error in {safe_names(bad)}"))


def _check_beside(beside: Mapping[str, Any], length: int) -> list[str]:
    """The unknown names that carry a value. Raises `PortalFailure` if one indicates further records."""
    known = _BESIDE.keys() | _TOTALS
    unknown = [key for key, said in beside.items() if key not in known and said not in NOTHING]
    if paging := [key for key in unknown if _suggests_pages(key, beside[key])]:
        raise drift("the response indicates that there are more records", paging)
    _check_trouble(beside)
    if any(said != length for key, said in beside.items() if key in _TOTALS or _counts(key, said)):
        raise PortalFailure(
            Failure(Reason.BAD_ANSWER, f"the response has {length} records but states another count")
        )
    return unknown


def _counts(name: str, said: object) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and not _COUNTING.isdisjoint(_parts(name))


def _suggests_pages(name: str, said: object, depth: int = 0) -> bool:
    """Whether the name, or a name within its value, indicates paging; true if nested too deeply to read."""
    if said in NOTHING:
        return False
    if depth > MAX_DEPTH or not _PAGING.isdisjoint(_parts(name)):
        return True
    inner = list(said.items()) if isinstance(said, Mapping) else []
    inner += [("", each) for each in said] if isinstance(said, list) else []
    return any(_suggests_pages(str(key), each, depth + 1) for key, each in inner)


def _parts(name: str) -> set[str]:
    """The words of a name: `hasMore`, `has_more` and `has-more` are "has" and "more"."""
    return set(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).lower().replace("_", " ").replace("-", " ").split())
