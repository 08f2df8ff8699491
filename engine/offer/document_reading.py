"""Reads the parts of a document of rules, and collects a sentence for each problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

from engine.durations import in_words, parse_duration
from engine.offer.rule_text import WEEKDAYS, parse_range, parse_weekdays
from engine.offer.rules import (
    BookableWindow,
    ClosedDay,
    RecurringBlock,
    TypeRule,
)

C = TypeVar("C", bound=StrEnum)
T = TypeVar("T")

#: The longest reason or name, in characters.
LONGEST = 200

#: The length of a type, in seconds.
_TYPE_LENGTH = (60, 24 * 3600)

#: An example of a duration, by its unit in seconds.
_EXAMPLES = {1: "2 h", 60: "30 min", 86_400: "60 d"}

#: The type of blocks, which always take their time.
BLOCK = "block"


class DocumentReading:
    """The problems found so far. A part with a problem is read as if it were missing."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def note(self, key: str, problem: str) -> None:
        self.problems.append(f"{key}: {problem}")

    def check_keys(self, path: str, table: Mapping[str, Any], known: Iterable[str]) -> None:
        """Notes each key that is not one of `known`."""
        names = tuple(known)
        for key in table:
            if key not in names:
                near = get_close_matches(key, names, 1)
                meant = f"did you mean {near[0]!r}?" if near else f"the keys here are {', '.join(names)}"
                self.note(f"{path}{key}", f"is not a rule; {meant}")

    def duration(self, key: str, value: Any, unit: int, least: int, most: int, bare: str) -> int | None:
        """The number of `unit` (in seconds) in a text such as `30 min`; a bare number has the unit `bare`."""
        if value is None:
            return None
        text = value if isinstance(value, str) else str(value) if type(value) is int else ""
        seconds = parse_duration(text, bare)
        if seconds is None:
            self.note(key, f'{value!r} is not a duration; write a number and a unit, such as "{_EXAMPLES[unit]}"')
        elif not least <= seconds <= most:
            self.note(key, f"{text!r} is outside the limits; from {in_words(least)} to {in_words(most)}")
        elif seconds % unit:
            self.note(key, f"{text!r} is not a whole number of {'days' if unit > 60 else 'minutes'}")
        else:
            return seconds // unit
        return None

    def choice(self, key: str, value: Any, choices: type[C]) -> C | None:
        if value is None or value in tuple(choices):
            return None if value is None else choices(value)
        self.note(key, f"{value!r} is not a choice; write {' or '.join(map(repr, map(str, choices)))}")
        return None

    def texts(self, key: str, value: Any) -> tuple[str, ...] | None:
        """A list of texts, none of them twice."""
        if value is None:
            return None
        if not isinstance(value, list) or not value:
            self.note(key, f'{value!r} is not a list of names; write ["…", "…"], or leave {key} out')
            return None
        found = [text for one in value if (text := self.text(key, one)) is not None]
        for text in dict.fromkeys(text for text in found if found.count(text) > 1):
            self.note(key, f"{text!r} is listed twice; keep one")
        return tuple(found)

    def text(self, key: str, value: Any, *, may_be_empty: bool = False) -> str | None:
        """A text of one line, without blanks at its ends."""
        if not isinstance(value, str) or not (may_be_empty or value.strip()):
            self.note(key, f"{value!r} is not a text; write some words in quotes")
        elif len(value) > LONGEST:
            self.note(key, f"has {len(value)} characters; at most {LONGEST}")
        elif not value.isprintable():
            self.note(key, f"{value!r} has a line break or another control character; write one line")
        else:
            return value.strip()
        return None

    def bookable(self, value: Any) -> tuple[BookableWindow, ...]:
        by_day: dict[int, str] = {}
        found: list[BookableWindow] = []
        for name, windows in self._table("bookable", value).items():
            key = f"bookable.{name}"
            ranges = self._ranges(key, windows)
            for day in self._parsed(key, name, parse_weekdays) or ():
                if day in by_day:
                    self.note(key, f"sets {WEEKDAYS[day]}, which {by_day[day]!r} sets as well; keep one of them")
                by_day[day] = name
                found += [BookableWindow(day, start, end) for start, end in ranges]
        if value == {} or (by_day and not found and not self.problems):
            self.note("bookable", "has no window, so nothing would be offered; add one, or leave the table out")
        return tuple(found)

    def blocks(self, value: Any) -> tuple[RecurringBlock, ...]:
        if value is not None and not isinstance(value, list):
            self.note("blocked", "is not a list; begin each block with a line [[blocked]]")
            return ()
        found: list[RecurringBlock] = []
        for number, one in enumerate(value or (), 1):
            key = f"blocked[{number}]"
            block = self._table(key, one)
            self.check_keys(f"{key}.", block, ("weekdays", "time", "reason"))
            reason = self.text(f"{key}.reason", block.get("reason", ""), may_be_empty=True)
            times = self._parsed(f"{key}.time", block.get("time"), parse_range)
            for day in self._days(f"{key}.weekdays", block.get("weekdays")):
                if reason is not None and times is not None:
                    made = RecurringBlock(day, *times, reason)
                    if made in found:
                        self.note(key, "repeats an earlier block; keep one")
                    found.append(made)
        return tuple(found)

    def closed_days(self, value: Any) -> tuple[ClosedDay, ...]:
        found = []
        for day, reason in self._table("closed", value).items():
            on = self._parsed(f"closed.{day}", day, _date)
            why = self.text(f"closed.{day}", reason, may_be_empty=True)
            if on is not None and why is not None:
                found.append(ClosedDay(on, why))
        return tuple(found)

    def types(self, value: Any) -> tuple[TypeRule, ...]:
        found: list[TypeRule] = []
        for name, about in self._table("types", value).items():
            key = f"types.{name}"
            rule = self._table(key, about)
            self.check_keys(f"{key}.", rule, ("counts", "length", "columns"))
            counts, type_ = rule.get("counts", True), self.text(key, name)
            if not isinstance(counts, bool):
                self.note(
                    f"{key}.counts", f"{counts!r} is neither true nor false; write false if it takes no column"
                )
            elif rule == {"counts": True} or not rule:
                self.note(key, "says nothing; set counts = false, length or columns, or leave it out")
            minutes = self.duration(f"{key}.length", rule.get("length"), 60, *_TYPE_LENGTH, "min")
            columns = self.texts(f"{key}.columns", rule.get("columns"))
            if type_ is not None and self._is_new(key, type_, found):
                found.append(TypeRule(type_, minutes, counts is not False, columns))
        return tuple(found)

    def _is_new(self, key: str, type_: str, found: Iterable[TypeRule]) -> bool:
        """Whether the type may have a rule, and has none yet; upper and lower case are the same."""
        if type_.casefold() == BLOCK:
            self.note(key, "is not a type of appointment: a block always takes its time; leave it out")
        elif any(one.type.casefold() == type_.casefold() for one in found):
            self.note(key, "sets a type that an earlier table sets as well; keep one of them")
        else:
            return True
        return False

    def _table(self, key: str, value: Any) -> Mapping[str, Any]:
        if value is None or isinstance(value, dict):
            return value or {}
        self.note(key, f"{value!r} is not a table; see `idexx-sync clinic rules export --help` for the form")
        return {}

    def _ranges(self, key: str, value: Any) -> list[tuple[int, int]]:
        """The ranges of one weekday, in order; none of them overlap."""
        if not isinstance(value, list):
            self.note(key, f'{value!r} is not a list of times; write ["09:00-10:30", "14:00-16:30"]')
            return []
        found = sorted(times for one in value if (times := self._parsed(key, one, parse_range)) is not None)
        for (_, end), (start, _) in pairwise(found):
            if start < end:
                self.note(key, f"two windows overlap at {start // 60:02}:{start % 60:02}; join them to one")
        return found

    def _days(self, key: str, value: Any) -> tuple[int | None, ...]:
        """The weekdays of a block; (None,) for every day."""
        if value is None:
            return (None,)
        if not isinstance(value, list) or not value:
            self.note(key, f'{value!r} is not a list of weekdays; write ["monday"], or leave it out for every day')
            return ()
        days = [day for one in value for day in self._parsed(key, one, parse_weekdays) or ()]
        for day in dict.fromkeys(day for day in days if days.count(day) > 1):
            self.note(key, f"{WEEKDAYS[day]} is listed twice; keep one")
        return tuple(sorted(set(days)))

    def _parsed(self, key: str, value: Any, parse: Callable[[str], T]) -> T | None:
        if value is None:
            self.note(key, "is missing")
            return None
        try:
            return parse(value if isinstance(value, str) else "")
        except ValueError as error:
            self.note(key, f"{value!r} {error}")
        return None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError('is not a date; write it as "2026-12-24"') from None
