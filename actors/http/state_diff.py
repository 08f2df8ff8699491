"""Computes the difference between two states of the overview. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: A state in parts that change independently: by field, and in a list by the element's id. Parts are replaced,
#: never modified; an unchanged part stays the same object.
Parts = Mapping[tuple[str, str], Any]

NOTHING: Parts = {}

#: The lists, and the field that identifies an element.
LISTS = {"clinics": "slug", "syncs": "sync_id"}


#: What needs a person: one part, since its order counts.
ATTENTION = ("attention", "")


def parts_of(state: Mapping[str, Any], before: Parts = NOTHING) -> Parts:
    """Returns the parts of an overview; parts that equal those of `before` are taken from there."""
    parts: dict[tuple[str, str], Any] = {}
    for field, value in state.items():
        if field in LISTS:
            parts |= {(field, str(element[LISTS[field]])): element for element in value}
        elif field != "ok":
            parts[field, ""] = value
    same = {key for key, part in parts.items() if key in before and before[key] == part}
    return {key: before[key] if key in same else part for key, part in parts.items()}


def of_clinic(parts: Parts, slug: str) -> Parts:
    """The parts about one clinic, and the time."""
    if not parts:
        return NOTHING
    own = {"clinics": "slug", "syncs": "clinic"}
    found = {
        (field, name): part
        for (field, name), part in parts.items()
        if field == "at" or (field in own and part[own[field]] == slug)
    }
    own_items = [item for item in parts.get(ATTENTION, ()) if item["clinic"] == slug]
    return {**found, ATTENTION: own_items}


def difference(old: Parts, new: Parts) -> dict[str, Any]:
    """The changed parts and what is gone, by field; from `NOTHING` the whole state."""
    changed: dict[str, Any] = {} if old else {field: [] for field in LISTS}
    for (field, name), part in new.items():
        # Parts that were filtered for one reader are equal without being the same.
        if (field, name) in old and (old[field, name] is part or old[field, name] == part):
            continue
        if name:
            changed.setdefault(field, []).append(part)
        else:
            changed[field] = part
    gone: dict[str, list[str]] = {}
    for field, name in old.keys() - new.keys():
        gone.setdefault(field, []).append(name)
    return changed | ({"gone": gone} if gone else {})
