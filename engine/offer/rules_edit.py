"""Changes of single rules, as the options of `clinic rules set` give them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from engine.offer.invalid_rules import InvalidRules
from engine.offer.rule_text import WEEKDAYS, parse_weekdays
from engine.offer.rules import ClinicRules
from engine.offer.rules_document import document_of, path_of, rules_of

#: How the times of `bookable` are cleared for a weekday.
NONE = "none"


@dataclass(frozen=True, slots=True)
class RuleEdits:
    """`values` are keys of the document with their new values. The others are texts, one for each option:

    `bookable`: `mon-fri 09:00-10:30 14:00-16:30`, or `sat none`; `blocked`: `daily 12:00-14:00 Lunch`; `closed`:
    `2026-12-24 Christmas Eve`; `uncounted`: a type; `lengths`: `Dental=45 min`; `type_columns`:
    `Dental=room-2,room-3`; `unset`: a key of the document, such as `grid` or `closed.2026-12-24`, or of an origin, such
    as `closed_days/2026-12-24`.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    bookable: Sequence[str] = ()
    blocked: Sequence[str] = ()
    closed: Sequence[str] = ()
    uncounted: Sequence[str] = ()
    lengths: Sequence[str] = ()
    type_columns: Sequence[str] = ()
    unset: Sequence[str] = ()

    def apply(self, rules: ClinicRules) -> ClinicRules:
        """The rules with these changes. Raises `InvalidRules` with every problem."""
        document = deepcopy(document_of(rules))
        problems: list[str] = []
        steps: tuple[tuple[Sequence[str], Callable[[dict[str, Any], str], None]], ...] = (
            (self.unset, _unset),
            (self.bookable, _set_bookable),
            (self.blocked, _add_block),
            (self.closed, _close),
            (self.uncounted, lambda into, text: _type(into, text).update(counts=False)),
            (self.lengths, _set_length),
            (self.type_columns, _set_type_columns),
        )
        for texts, step in steps:
            for text in texts:
                try:
                    step(document, text)
                except ValueError as error:
                    problems.append(str(error))
        if problems:
            raise InvalidRules(problems)
        return rules_of(
            {key: value for key, value in document.items() if value not in ({}, [])} | dict(self.values)
        )


def _unset(document: dict[str, Any], text: str) -> None:
    try:
        path = path_of(text)
    except (ValueError, IndexError):  # a weekday that does not exist
        path = text
    key, _, part = path.partition(".")
    table = document.get(key)
    if not part and key in document:
        del document[key]
    elif isinstance(table, dict) and part in table:
        del table[part]
    elif isinstance(table, list) and (kept := _without(table, part)) != table:
        document[key] = kept
    else:
        raise ValueError(f"{text}: is not set; {_what_is_set(document)}")


def _without(blocks: list[Any], part: str) -> list[Any]:
    """The blocks but those of a time, of a weekday, or of every day (`daily`)."""
    kept = []
    for block in blocks:
        days = block.get("weekdays", ["daily"]) if isinstance(block, dict) else []
        others = [day for day in days if day != part]
        if others == days and block.get("time") != part:
            kept.append(block)
        elif others and block.get("time") != part:
            kept.append(block | {"weekdays": others})
    return kept


def _what_is_set(document: Mapping[str, Any]) -> str:
    keys: list[str] = []
    for key, value in document.items():
        parts: Iterable[Any] = value if isinstance(value, dict) else ()
        keys += [key, *(f"{key}.{part}" for part in parts)]
        if key == "blocked":
            keys += dict.fromkeys(f"{key}.{block['time']}" for block in value)
    return f"what is set: {', '.join(keys)}" if keys else "no rule is set"


def _set_bookable(document: dict[str, Any], text: str) -> None:
    days, *times = text.split()
    try:
        weekdays = parse_weekdays(days)
    except ValueError as error:
        raise ValueError(f"bookable: {days!r} {error}") from error
    if not times:
        raise ValueError(
            f"bookable: {text!r} has no times; write 'mon-fri 09:00-10:30 14:00-16:30', or 'sun none'"
        )
    table = document.setdefault("bookable", {})
    for day in weekdays:
        if times == [NONE]:
            table.pop(WEEKDAYS[day], None)
        else:
            table[WEEKDAYS[day]] = times


def _add_block(document: dict[str, Any], text: str) -> None:
    days, time, reason = (*text.split(maxsplit=2), "", "")[:3]
    if not time:
        raise ValueError(f"blocked: {text!r} has no time; write 'daily 12:00-14:00 Lunch'")
    block = {"time": time, "reason": reason} | ({} if days.lower() == "daily" else {"weekdays": [days]})
    document.setdefault("blocked", []).append(block)


def _close(document: dict[str, Any], text: str) -> None:
    day, _, reason = text.strip().partition(" ")
    document.setdefault("closed", {})[day] = reason


def _set_length(document: dict[str, Any], text: str) -> None:
    name, value = _assignment("type-length", text, "Dental=45 min")
    _type(document, name)["length"] = value


def _set_type_columns(document: dict[str, Any], text: str) -> None:
    name, value = _assignment("type-columns", text, "Dental=room-2,room-3")
    _type(document, name)["columns"] = [part.strip() for part in value.split(",")]


def _assignment(option: str, text: str, example: str) -> tuple[str, str]:
    name, is_there, value = text.rpartition("=")
    if not is_there:
        raise ValueError(f"{option}: {text!r} has no '='; write {example!r}")
    return name.strip(), value.strip()


def _type(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The table of a type, which is made if it is missing; upper and lower case are the same."""
    types: dict[str, dict[str, Any]] = document.setdefault("types", {})
    known = next((one for one in types if one.casefold() == name.casefold()), name)
    return types.setdefault(known, {})
