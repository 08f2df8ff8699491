"""Formats a clinic's rules and their changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from engine.durations import in_words
from engine.offer.rule_text import MONDAY_FIRST, WEEKDAYS, range_text
from engine.offer.rules import RuleChange
from engine.offer.rules_document import document_of, path_of, value_text
from ops.cli.rules.clinic_rules import RulesView
from ops.terminal.tables import table

if TYPE_CHECKING:
    from rich.table import Table

#: rule, value, where it comes from
Row = tuple[str, str, str]

#: How the keys of bookable times start, and what a weekday without any offers.
_BOOKABLE, _ALL, _CLOSED = "bookable_windows/", "all opening hours", "nothing is offered"


def rules_table(view: RulesView) -> Table:
    shown = table("rule", "value", "from", wrap=("value", "from"))
    for row in _rows(view):
        shown.add_row(*row)
    return shown


def rules_json(view: RulesView) -> dict[str, Any]:
    columns, counting = view.names.columns or {}, view.stored.rules.columns or ()
    return {
        "ok": True,
        "clinic": view.clinic.slug,
        "rules": document_of(view.stored.rules),
        "bookable": _bookable(view),
        "defaults": {path: value for path, value, _ in _defaults(view)},
        "origins": {
            path_of(rule): {"set_by": origin.set_by, "set_at": origin.set_at}
            for rule, origin in view.stored.origins.items()
        },
        "columns": [{"id": id_, "name": name, "counts": id_ in counting} for id_, name in columns.items()],
        "types": list(view.names.types or ()),
    }


def _bookable(view: RulesView) -> dict[str, list[str] | None]:
    """The bookable times of each weekday, none for one without; null: all opening hours, on every weekday."""
    given: dict[str, list[str]] = document_of(view.stored.rules).get("bookable", {})
    return {WEEKDAYS[day]: given.get(WEEKDAYS[day], []) if given else None for day in MONDAY_FIRST}


def change_lines(changes: Sequence[RuleChange], view: RulesView) -> Iterator[str]:
    """One line for each change: grid: 15 min → 30 min."""
    without = _weekdays_without_times(changes, view)
    for change in changes:
        before, after = (
            none if value is None and change.rule.startswith(_BOOKABLE) else _value(change.rule, value, view)
            for value, none in zip((change.before, change.after), without, strict=True)
        )
        yield f"{path_of(change.rule)}: {before} → {after}"
    if changes and without[0] != without[1]:
        named = {change.rule for change in changes}
        for rule in (f"{_BOOKABLE}{day}" for day in MONDAY_FIRST):
            if rule not in named:
                yield f"{path_of(rule)}: {without[0]} → {without[1]}"


def _weekdays_without_times(changes: Sequence[RuleChange], view: RulesView) -> tuple[str, str]:
    """What a weekday without bookable times offers before and after the changes: nothing, if others have some."""
    changed = {change.rule: change for change in changes if change.rule.startswith(_BOOKABLE)}
    stored = {rule for rule in view.stored.rules.by_key() if rule.startswith(_BOOKABLE)} - changed.keys()
    had = bool(stored) or any(change.before is not None for change in changed.values())
    has = bool(stored) or any(change.after is not None for change in changed.values())
    return (_CLOSED if had else _ALL, _CLOSED if has else _ALL)


def changes_json(changes: Sequence[RuleChange]) -> list[dict[str, Any]]:
    return [
        {"rule": path_of(change.rule)}
        | {
            name: value_text(change.rule, value) if type(value) is int else value
            for name, value in (("before", change.before), ("after", change.after))
        }
        for change in changes
    ]


def _rows(view: RulesView) -> Iterator[Row]:
    found = view.stored.rules.by_key()
    defaults = {path: (value, source) for path, value, source in _defaults(view)}
    if "columns" in found:
        yield ("columns", escape(_value("columns", found["columns"], view)), _origin("columns", view))
    else:
        places = view.defaults.default_capacity
        until = "nothing is offered" if places is None else f"at most {places} places are offered"
        yield ("columns", "[red]not chosen[/]", f"{until} until they are")
    singles = {path_of(rule): rule for rule in found}
    for path, (value, source) in defaults.items():
        if path in singles:
            yield (path, _value(singles[path], found[singles[path]], view), _origin(singles[path], view))
        else:
            yield (path, value or "none", f"default: {source}" if source else "default")
    if not view.stored.rules.bookable:
        yield ("bookable", _ALL, f"default: idexx-sync clinic config {view.clinic.slug} shows them")
    for rule, value in found.items():
        if "/" in rule:
            yield (escape(path_of(rule)), escape(_value(rule, value, view)), _origin(rule, view))
    if view.stored.rules.bookable:
        for path in (f"{_BOOKABLE}{day}" for day in MONDAY_FIRST):
            if path not in found:
                yield (path_of(path), _CLOSED, "other weekdays have bookable times")
    for block in view.defaults.blocks:
        days = ", ".join(WEEKDAYS[day][:3] for day in MONDAY_FIRST if day in block.weekdays)
        time = f"{range_text(block.start, block.end)} {block.reason}"
        yield (f"blocked {days}", escape(time), "another program (clinic_blocked_periods)")


def _defaults(view: RulesView) -> Iterator[tuple[str, str | None, str]]:
    """Path, value and source of each default."""
    grid, rules = view.defaults.grid_minutes, view.stored.rules
    length = grid if rules.grid_minutes is None else rules.grid_minutes
    goal = "the freshness goal" if view.defaults.has_goal else "the clinic has no freshness goal"
    yield ("grid", in_words(grid * 60), view.defaults.grid_source)
    yield ("length", in_words(length * 60), "the grid")
    yield ("notice", None, "")
    yield ("horizon", None, "every day that was read")
    yield ("max_age", in_words(view.defaults.max_age_seconds), goal)
    yield ("conflicts", "move", "")


def _origin(rule: str, view: RulesView) -> str:
    origin = view.stored.origins.get(rule)
    if origin is None:
        return "set before origins were recorded"
    at = origin.set_at.astimezone() if view.clinic.timezone_problem else origin.set_at.astimezone(view.clinic.zone)
    return escape(f"{origin.set_by}, {at:%d %b %Y %H:%M}")


def _value(rule: str, value: Any, view: RulesView) -> str:
    if value is None:
        return "not chosen" if rule == "columns" else "none" if "/" in rule else "default"
    names = view.names.columns
    if rule == "columns":
        return ", ".join(_column(id_, names) for id_ in value)
    if isinstance(value, dict) and value["columns"]:
        value = value | {"columns": [_column(id_, names) for id_ in value["columns"]]}
    return value_text(rule, value) or "closed"


def _column(id_: str, names: Mapping[str, str] | None) -> str:
    if names is not None and id_ not in names:
        return f"{id_} (not in the portal)"
    name = (names or {}).get(id_)
    return f"{name} ({id_})" if name and name != id_ else id_
