"""The envelope of a calendar answer: where its records stand, and what is said beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.failure import Failure, PortalFailure, Reason
from engine.portal.drift import drift, tell_names
from engine.portal.fields import NOTHING, Record

#: The keys under which the array of records has been seen.
WRAPPERS = ("events", "data", "appointments", "results")

#: What may stand beside the array without changing what it means, with the values that are good news.
_BESIDE: dict[str, tuple[object, ...]] = {
    "success": (True, 1),
    "ok": (True, 1),
    "status": ("success", "ok", 200),
    "error": (None, False, ""),
    "errors": (None, False, []),
    "message": (None, "", "OK", "ok"),
}

#: Numbers beside the array that must be the number of its records.
_TOTALS = frozenset({"total", "count", "totalCount", "total_count", "recordsTotal"})

#: Parts of a name that say that there may be more records than came.
_PAGING = frozenset(
    {"more", "next", "cursor", "page", "pages", "paging", "pagination", "offset", "limit", "continuation"}
    | {"truncated", "partial", "incomplete", "remaining", "skip"}
)

#: Levels of what stands beside the records that are looked through.
MAX_DEPTH = 10

#: Parts of a name that count.
_COUNTING = frozenset({"total", "totals", "count"})


def find_records(value: Any) -> tuple[str, Sequence[Record], list[str]]:
    """The wrapper, the records in it, and the unknown names beside it.

    Raises `PortalFailure` where there is not exactly one array of objects, or where it may not be all of them.
    """
    if isinstance(value, list):
        return "array", _objects(value), []
    if not isinstance(value, dict):
        raise drift("the answer is neither an array nor an object")
    found = [key for key in WRAPPERS if key in value]
    if not found:
        _check_trouble(value)
        raise drift("the answer has no known wrapper", value)
    if len(found) > 1:
        raise drift(
            f"the answer has several wrappers ({', '.join(found)})", [key for key in value if key not in found]
        )
    wrapper = found[0]
    records = value[wrapper]
    beside = {key: said for key, said in value.items() if key != wrapper}
    if not isinstance(records, list):
        _check_trouble(beside)
        raise drift(f"what stands under {wrapper} is no array")
    return wrapper, _objects(records), _check_beside(beside, len(records))


def _objects(records: list[Any]) -> Sequence[Record]:
    """The records; one that is no object, such as null, among others that are, becomes one without fields, which is
    left out like any record that cannot be used."""
    if records and not any(isinstance(record, dict) for record in records):
        raise drift("a record is no object")
    return [record if isinstance(record, dict) else {} for record in records]


def _check_trouble(beside: Mapping[str, Any]) -> None:
    """An answer that reports trouble is bad, and is asked for again, whatever else it lacks."""
    if bad := [key for key, said in beside.items() if key in _BESIDE and said not in _BESIDE[key]]:
        raise PortalFailure(Failure(Reason.BAD_ANSWER, f"the answer reports trouble in {tell_names(bad)}"))


def _check_beside(beside: Mapping[str, Any], length: int) -> list[str]:
    """The unknown names that carry a value; `PortalFailure` where one may say that there are more records."""
    known = _BESIDE.keys() | _TOTALS
    unknown = [key for key, said in beside.items() if key not in known and said not in NOTHING]
    if paging := [key for key in unknown if _suggests_pages(key, beside[key])]:
        raise drift("the answer says something of more records", paging)
    _check_trouble(beside)
    if any(said != length for key, said in beside.items() if key in _TOTALS or _counts(key, said)):
        raise PortalFailure(
            Failure(Reason.BAD_ANSWER, f"{length} records came, and the answer counts another number")
        )
    return unknown


def _counts(name: str, said: object) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and not _COUNTING.isdisjoint(_parts(name))


def _suggests_pages(name: str, said: object, depth: int = 0) -> bool:
    """The name or, within an object, one of its names; what is nested too deeply to be read may say it."""
    if said in NOTHING:
        return False
    if depth > MAX_DEPTH or not _PAGING.isdisjoint(_parts(name)):
        return True
    inner = list(said.items()) if isinstance(said, Mapping) else []
    inner += [("", each) for each in said] if isinstance(said, list) else []
    return any(_suggests_pages(str(key), each, depth + 1) for key, each in inner)


def _parts(name: str) -> set[str]:
    """`hasMore`, `has_more` and `has-more` are "has" and "more"."""
    return set(re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).lower().replace("_", " ").replace("-", " ").split())
