"""What differs between two states of everything. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: A state in parts that change by themselves: a field, and in a list the id of one of its elements. Never changed,
#: only replaced; a part that stays the same stays the same object.
Parts = Mapping[tuple[str, str], Any]

NOTHING: Parts = {}

#: The lists, and what identifies an element.
LISTS = {"clinics": "slug", "syncs": "sync_id"}


def parts_of(state: Mapping[str, Any], before: Parts = NOTHING) -> Parts:
    """The parts of an overview; those that are equal to the ones of `before` are taken from there."""
    parts: dict[tuple[str, str], Any] = {}
    for field, value in state.items():
        if field in LISTS:
            parts |= {(field, str(element[LISTS[field]])): element for element in value}
        elif field != "ok":
            parts[field, ""] = value
    same = {key for key, part in parts.items() if key in before and before[key] == part}
    return {key: before[key] if key in same else part for key, part in parts.items()}


def difference(old: Parts, new: Parts) -> dict[str, Any]:
    """What to put in place of what was, and what is gone, by field; from nothing, the whole."""
    told: dict[str, Any] = {} if old else {field: [] for field in LISTS}
    for (field, name), part in new.items():
        if (field, name) in old and old[field, name] is part:
            continue
        if name:
            told.setdefault(field, []).append(part)
        else:
            told[field] = part
    gone: dict[str, list[str]] = {}
    for field, name in old.keys() - new.keys():
        gone.setdefault(field, []).append(name)
    return told | ({"gone": gone} if gone else {})
