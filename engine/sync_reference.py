"""How a person names a sync: by its id, or by the first characters of it."""

from __future__ import annotations

import re
from uuid import UUID

#: The command that shows ids.
LIST_SYNCS = "idexx-sync runs"

#: The fewest characters of an id that name a sync.
FEWEST = 4

_HEX = re.compile(r"[0-9a-f]{4,32}")


def id_range(start: str) -> tuple[UUID, UUID] | None:
    """Returns the lowest and the highest id that begins with `start`, which are the same for a full id; None if no
    id can begin so."""
    text = start.strip().lower()
    digits = text.replace("-", "")
    if not _HEX.fullmatch(digits):
        return None
    lowest, highest = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
    is_written_so = "-" not in text or str(lowest).startswith(text)
    return (lowest, highest) if is_written_so else None


def no_such_sync(text: str) -> str:
    """Returns the message for a text that names no sync."""
    ids = id_range(text)
    if ids is not None and ids[0] == ids[1]:
        return f"{text!r}: no sync has this id"
    return (
        f"{text!r} is not a sync: give its id, the first {FEWEST} or more characters of it, or a clinic's slug for "
        "the clinic's latest sync"
    )


def several_syncs(start: str) -> str:
    """Returns the message for a start that several syncs have."""
    return f"{start!r} is the start of several syncs' ids: give more characters of the id"
