"""Drift: the portal answered, and not as anyone has seen it answer. Told by names, never by values.

One record that cannot be used is no drift: it is left out, counted and named (`BadRecord`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from engine.failure import Failure, PortalFailure, Reason
from engine.snapshot import NO_NAME

#: What a field may be called to be told by name: a key that is something else may be somebody's data.
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")

#: So many names are told at most.
MAX_NAMES = 10


class WhyLeftOut(StrEnum):
    """Why a record cannot be used: a closed list, part of the interface."""

    NO_ID = "no id"
    NO_TIME = "no start or no end"
    UNREADABLE_TIME = "unreadable start or end"
    ENDS_BEFORE_START = "end before start"
    OUTSIDE_RANGE = "outside the days asked"
    UNSTORABLE_TEXT = "characters that are no text"


class BadRecord(Exception):
    """Raised inside `engine.portal` for a record that cannot be used; `sentence` names no value."""

    def __init__(self, why: WhyLeftOut, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why
        self.sentence = sentence


def drift(what: str, unknown: Iterable[object] = ()) -> PortalFailure:
    """The error for it; `unknown` are the portal's own names that no table knows."""
    names = tell_names(unknown)
    return PortalFailure(Failure(Reason.PORTAL_CHANGED, f"{what}; unknown names: {names}" if names else what))


def tell_name(name: object) -> str:
    """The name, as far as it is one and not data."""
    return str(name) if FIELD_NAME.fullmatch(str(name)) else NO_NAME


def tell_names(names: Iterable[object]) -> str:
    """The names in order, without repetition, as far as they are names and not data."""
    told = sorted({tell_name(name) for name in names})
    more = f" and {len(told) - MAX_NAMES} more" if len(told) > MAX_NAMES else ""
    return ", ".join(told[:MAX_NAMES]) + more


class SharedIds(PortalFailure):
    """Ids that an answer shows at several starts of one day: `starts` are these, with their ids."""

    def __init__(self, starts: Iterable[tuple[str, datetime]]) -> None:
        super().__init__(
            Failure(
                Reason.BAD_ANSWER,
                "an id is shown at several times of one day: it moves, or its record repeats; not decided",
            )
        )
        self.starts = frozenset(starts)
