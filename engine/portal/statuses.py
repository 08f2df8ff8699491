"""Maps the portal's words for the state of an appointment to ours."""

from __future__ import annotations

import re

#: The status of a record without one.
DEFAULT_STATUS = "scheduled"

#: By the portal's word in lower case, without separators.
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
    """Our word, or None if the portal's is unknown."""
    return KNOWN_STATUSES.get(re.sub(r"[\s_-]+", "", word).lower())


def normalise_class_names(names: str) -> str | None:
    """The status among CSS class names, such as `event status-confirmed`; None if there is none."""
    for name in names.split():
        if status := normalise(name) or normalise(re.sub(r"^[a-z]+[-_]", "", name, flags=re.IGNORECASE)):
            return status
    return normalise(names)
