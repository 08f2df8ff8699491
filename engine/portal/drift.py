"""Drift: responses of the portal in an unknown form. Errors contain names, never values.

One record that cannot be used is not drift: it is left out, counted and named (`BadRecord`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from engine.failure import Failure, PortalFailure, Reason
from engine.snapshot import NO_NAME

#: Form of a name that errors may contain: any other key may be personal data.
FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")

#: Number of names in an error at most.
MAX_NAMES = 10


class WhyLeftOut(StrEnum):
    """Why a record cannot be used: a closed list, part of the interface."""

    NO_ID = "no id"
    NO_TIME = "no start or no end"
    UNREADABLE_TIME = "unreadable start or end"
    ENDS_BEFORE_START = "end before start"
    OUTSIDE_RANGE = "outside the requested days"
    UNSTORABLE_TEXT = "characters that are not valid text"


class BadRecord(Exception):
    """Raised inside `engine.portal` for a record that cannot be used; `sentence` contains no value."""

    def __init__(self, why: WhyLeftOut, sentence: str) -> None:
        super().__init__(sentence)
        self.why = why
        self.sentence = sentence


def drift(what: str, unknown: Iterable[object] = ()) -> PortalFailure:
    """The error for drift; `unknown` are the portal's names that no table contains."""
    names = safe_names(unknown)
    return PortalFailure(Failure(Reason.PORTAL_CHANGED, f"{what}; unknown names: {names}" if names else what))


def safe_name(name: object) -> str:
    """The name if it looks like one, otherwise a placeholder: it may be data."""
    return str(name) if FIELD_NAME.fullmatch(str(name)) else NO_NAME


def safe_names(names: Iterable[object]) -> str:
    """The names in order, without repetition, each as by `safe_name`; at most `MAX_NAMES`."""
    shown = sorted({safe_name(name) for name in names})
    more = f" and {len(shown) - MAX_NAMES} more" if len(shown) > MAX_NAMES else ""
    return ", ".join(shown[:MAX_NAMES]) + more


class SharedIds(PortalFailure):
    """Ids that a response shows at several starts of one day; `starts` are these starts with their ids."""

    def __init__(self, starts: Iterable[tuple[str, datetime]]) -> None:
        super().__init__(
            Failure(
                Reason.BAD_ANSWER,
                "an id is shown at several times of one day: undecided whether it moved or repeats",
            )
        )
        self.starts = frozenset(starts)
