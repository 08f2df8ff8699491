"""A clinic's rules as a document: the content of the TOML file, and of `--json`.

`document_of` and `rules_of` are inverse to each other. Everything that a person writes passes `rules_of`, which
reports all problems at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.durations import in_words
from engine.offer.document_reading import DocumentReading
from engine.offer.invalid_rules import InvalidRules
from engine.offer.rule_text import MONDAY_FIRST, WEEKDAYS, range_text
from engine.offer.rules import BookableWindow, ClinicRules, ConflictRule, RecurringBlock, TypeRule

_MINUTE, _DAY = 60, 86_400

#: The durations: key, attribute, its unit in seconds, the least and the most in seconds, the unit of a bare number.
DURATIONS = (
    ("grid", "grid_minutes", _MINUTE, _MINUTE, _DAY, "min"),
    ("length", "default_minutes", _MINUTE, _MINUTE, _DAY, "min"),
    ("notice", "notice_minutes", _MINUTE, 0, 366 * _DAY, "min"),
    ("horizon", "horizon_days", _DAY, _DAY, 366 * _DAY, "d"),
    ("max_age", "max_age_seconds", 1, _MINUTE, 366 * _DAY, "min"),
)

#: The keys of the document, in the order of the file.
KEYS = (
    "columns",
    *(duration[0] for duration in DURATIONS),
    "conflicts",
    "bookable",
    "blocked",
    "closed",
    "types",
)


def document_of(rules: ClinicRules) -> dict[str, Any]:
    """The rules as text, lists and tables; a rule that is not set is missing."""
    rules = rules.in_order()
    document: dict[str, Any] = {}
    if rules.columns is not None:
        document["columns"] = list(rules.columns)
    for key, attribute, unit, *_ in DURATIONS:
        value = getattr(rules, attribute)
        if value is not None:
            document[key] = in_words(value * unit)
    if rules.conflicts is not None:
        document["conflicts"] = str(rules.conflicts)
    if rules.bookable:
        document["bookable"] = _bookable(rules.bookable)
    if rules.blocks:
        document["blocked"] = _blocked(rules.blocks)
    if rules.closed_days:
        document["closed"] = {str(day.date): day.reason for day in rules.closed_days}
    if rules.types:
        document["types"] = {rule.type: _type(rule) for rule in rules.types}
    return document


def rules_of(document: Mapping[str, Any]) -> ClinicRules:
    """The rules of a document. Raises `InvalidRules` with every problem."""
    reading = DocumentReading()
    reading.check_keys("", document, KEYS)
    durations = {
        attribute: reading.duration(key, document.get(key), unit, least, most, bare)
        for key, attribute, unit, least, most, bare in DURATIONS
    }
    rules = ClinicRules(
        columns=reading.texts("columns", document.get("columns")),
        conflicts=reading.choice("conflicts", document.get("conflicts"), ConflictRule),
        bookable=reading.bookable(document.get("bookable")),
        blocks=reading.blocks(document.get("blocked")),
        closed_days=reading.closed_days(document.get("closed")),
        types=reading.types(document.get("types")),
        **durations,
    )
    if reading.problems:
        raise InvalidRules(reading.problems, rules)
    return rules.in_order()


def path_of(rule: str) -> str:
    """The place in the document of a rule's key: `bookable_windows/1` is at `bookable.monday`."""
    table, _, part = rule.partition("/")
    match table:
        case "bookable_windows":
            return f"bookable.{WEEKDAYS[int(part)]}"
        case "recurring_blocks":
            return f"blocked.{'daily' if part == '*' else WEEKDAYS[int(part)]}"
        case "closed_days":
            return f"closed.{part}"
        case "type_rules":
            return f"types.{part}"
    return next((key for key, attribute, *_ in DURATIONS if attribute == rule), rule)


def value_text(rule: str, value: Any) -> str:
    """The value of a rule (`ClinicRules.by_key`) in words."""
    match value:
        case int():
            unit = next(unit for _, attribute, unit, *_ in DURATIONS if attribute == rule)
            return in_words(value * unit)
        case dict():
            only = f"only in {', '.join(value['columns'])}" if value["columns"] else ""
            length = in_words(value["minutes"] * _MINUTE) if value["minutes"] else ""
            return ", ".join(part for part in ("" if value["counts"] else "takes no column", length, only) if part)
        case list():
            parts = (one if isinstance(one, str) else f"{one['time']} {one['reason']}".strip() for one in value)
            return ", ".join(parts)
    return str(value)


def _bookable(windows: tuple[BookableWindow, ...]) -> dict[str, list[str]]:
    by_day: dict[str, list[str]] = {}
    for window in windows:
        by_day.setdefault(WEEKDAYS[window.weekday], []).append(range_text(window.start, window.end))
    return by_day


def _blocked(blocks: tuple[RecurringBlock, ...]) -> list[dict[str, Any]]:
    """The blocks, those of several weekdays with the same time and reason together."""
    together: dict[tuple[int, int, str], set[int | None]] = {}
    for block in blocks:
        together.setdefault((block.start, block.end, block.reason), set()).add(block.weekday)
    found: list[dict[str, Any]] = []
    for (start, end, reason), days in sorted(together.items()):
        about = {"time": range_text(start, end)} | ({"reason": reason} if reason else {})
        if None in days:
            found.append(about)
        if named := [WEEKDAYS[day] for day in MONDAY_FIRST if day in days]:
            found.append({"weekdays": named, **about})
    return found


def _type(rule: TypeRule) -> dict[str, Any]:
    about: dict[str, Any] = {} if rule.counts else {"counts": False}
    if rule.minutes is not None:
        about["length"] = in_words(rule.minutes * _MINUTE)
    if rule.columns is not None:
        about["columns"] = list(rule.columns)
    return about
