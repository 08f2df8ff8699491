"""Finds unknown names in records: an addition, a renamed field, or a flag that makes a record something else.

New fields appear without notice and do not invalidate a response: they are counted and listed by name. It is
drift if a meaning is on no record while an unknown name carries what may be it, or if a flag from a closed list of
words is true.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.failure import PortalFailure
from engine.portal.drift import drift, safe_name
from engine.portal.fields import NOTHING, SPELLINGS, Record, flag, unknown_names

#: Number of records, without blocks and rosters, from which on a meaning that none of them has counts as missing.
ENOUGH = 5

#: Limit of counted names; a record whose keys are data could have any number of them.
MAX_COUNTED = 50

#: Flags that make a record something other than an appointment that takes its time.
ANOTHER_THING = frozenset({"deleted", "cancelled", "canceled", "waitlist", "waitlisted", "template", "draft"})

#: Meaning → the names that carry it.
_MEANINGS: dict[str, tuple[str, ...]] = {
    "patient": SPELLINGS["patient"],
    "client": SPELLINGS["client"] + SPELLINGS["first_name"] + SPELLINGS["last_name"],
    "provider": SPELLINGS["provider"],
    "room": SPELLINGS["room"],
    "status": SPELLINGS["status"] + SPELLINGS["class"],
}

#: Meanings that a clinic may leave empty on every record: the presence of their name is enough.
_MAY_BE_EMPTY = frozenset({"provider", "room"})

_TRUE: tuple[object, ...] = (True, "true", "1", "yes")


class MeaningGone(PortalFailure):
    """A known meaning is on no record of the response. Splitting the span would only hide it."""


@dataclass(frozen=True, slots=True)
class Additions:
    """Unknown names that carry a value, with their number of records; `flags` are those that are true."""

    fields: Mapping[str, int] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, int]:
        return {**self.fields, **self.flags}


def find_additions(records: Sequence[Record], ignored: Container[str]) -> Additions:
    """Counts the unknown names. Raises `PortalFailure` if one shows that a record, or the whole response, is
    something else.

    `records`: without rosters. `ignored`: names that an operator has found irrelevant.
    """
    fields: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    for record in records:
        for name in _with_value(record, ignored):
            if _word(name) in ANOTHER_THING and _is_true(record[name]):
                raise drift(f"the flag {safe_name(name)} of a record is true")
            is_flag = record[name] is True or record[name] == "true"
            counted, shown = flags if is_flag else fields, safe_name(name)
            if shown in counted or len(counted) < MAX_COUNTED:
                counted[shown] += 1
    _check_meanings([record for record in records if not flag(record, "block")], ignored)
    return Additions(dict(fields), dict(flags))


def _check_meanings(records: Sequence[Record], ignored: Container[str]) -> None:
    if len(records) < ENOUGH:
        return
    for meaning, names in _MEANINGS.items():
        if any(_carries(record, names, meaning in _MAY_BE_EMPTY) for record in records):
            continue
        kinds = (str, int) if meaning == "room" else (str,)
        if unknown := {name for record in records for name in _with_value(record, ignored, kinds)}:
            sentence = f"none of {len(records)} records has a {meaning}"
            raise MeaningGone(drift(sentence, unknown).failure)


def _carries(record: Record, names: Iterable[str], or_is_empty: bool) -> bool:
    return any(name in record and (or_is_empty or not _says_nothing(record[name])) for name in names)


def _with_value(record: Record, ignored: Container[str], kinds: tuple[type, ...] = (object,)) -> list[str]:
    return [
        name
        for name in unknown_names(record, ignored)
        if not _says_nothing(record[name])
        and isinstance(record[name], kinds)
        and (kinds == (object,) or not isinstance(record[name], bool))
    ]


def _says_nothing(value: object) -> bool:
    return value in NOTHING or (isinstance(value, str) and not value.strip())


def _is_true(value: object) -> bool:
    word = value.strip().lower() if isinstance(value, str) else value
    return word in _TRUE and not isinstance(word, float)


def _word(name: str) -> str:
    """The bare word of a flag: `is_deleted` and `isDeleted` are "deleted"."""
    return re.sub(r"[\s_-]", "", re.sub(r"^is(?=[_A-Z])", "", name)).lower()
