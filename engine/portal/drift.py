"""Drift: the portal answered, and not as anyone has seen it answer. Told by names, never by values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.failure import Failure, PortalFailure, Reason

#: What a field may be called to be told by name: a key that is something else may be somebody's data.
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")

#: So many names are told at most.
MAX_NAMES = 10


def drift(what: str, unknown: Iterable[object] = ()) -> PortalFailure:
    """The error for it; `unknown` are the portal's own names that no table knows."""
    names = tell_names(unknown)
    return PortalFailure(Failure(Reason.PORTAL_CHANGED, f"{what}; unknown names: {names}" if names else what))


def tell_names(names: Iterable[object]) -> str:
    """The names in order, without repetition, as far as they are names and not data."""
    told = sorted({str(name) if FIELD_NAME.fullmatch(str(name)) else "(no name)" for name in names})
    more = f" and {len(told) - MAX_NAMES} more" if len(told) > MAX_NAMES else ""
    return ", ".join(told[:MAX_NAMES]) + more
