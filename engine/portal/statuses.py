"""The portal's words for the state of an appointment, and ours."""

from __future__ import annotations

import re

#: Where nothing at all is said.
DEFAULT_STATUS = "scheduled"

#: By the portal's word in small letters, without what separates its parts.
KNOWN_STATUSES = {
    "scheduled": "scheduled",
    "notarrived": "scheduled",
    "confirmed": "confirmed",
    "arrived": "in_progress",
    "checkedin": "in_progress",
    "inprogress": "in_progress",
    "readytopay": "in_progress",
    "finalized": "completed",
    "completed": "completed",
    "noshow": "no_show",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}


def normalise(word: str) -> str | None:
    """Our word, or None where the portal's is not known."""
    return KNOWN_STATUSES.get(re.sub(r"[\s_-]+", "", word).lower())


def normalise_class_names(names: str) -> str | None:
    """The status among CSS class names, such as `event status-confirmed`; None where there is none."""
    for name in names.split():
        if status := normalise(name) or normalise(re.sub(r"^[a-z]+[-_]", "", name, flags=re.IGNORECASE)):
            return status
    return normalise(names)
