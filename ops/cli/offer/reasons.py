"""Formats the rules that decided about a start, each with its value, its source, and what would change it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.clinic import SYNC_DAYS
from engine.offer.rule import Rule
from engine.offer.rule_words import title
from engine.store.offer.asking import PersonalNames
from ops.cli.choose_columns import with_columns
from ops.terminal.tables import ago

#: How far the lines below a rule are indented.
INDENT = 4

_SYNC_OF_DATES = re.compile(r"(?P<whole>idexx-sync sync \S+) --start \S+ --end (?P<last>\S+)")

#: The rules whose values list ids of columns.
_OF_COLUMNS = frozenset({Rule.COLUMNS_NOT_CHOSEN, Rule.COLUMN_DOES_NOT_COUNT, Rule.TYPE_COLUMNS})


def reason_lines(
    reasons: Sequence[Mapping[str, Any]], names: PersonalNames, zone: ZoneInfo, now: datetime
) -> Iterator[RenderableType]:
    """Yields the value and the source of each rule; for one that forbids the start, what would change it as well."""
    covered = _covered(
        {reason["change"] for reason in reasons if not reason["allows"]}, now.astimezone(zone).date()
    )
    for reason in reasons:
        allows = reason["allows"]
        mark = ("✓ ", "green") if allows else ("✗ ", "red")
        yield Text.assemble(mark, (title(reason["rule"]), "" if allows else "bold"), f": {_value(reason, names)}")
        if source := _source(reason["source"], names, zone, now):
            yield _indented(Text(source, style="dim"))
        if not allows and reason["change"] and reason["change"] not in covered:
            yield _indented(Text(f"→ {with_columns(reason['change'], names.columns)}"))


def _covered(changes: Collection[str | None], today: date) -> set[str]:
    """The syncs of dates that a sync without dates reads as well, where that is among the changes."""
    syncs = [found for change in changes if (found := _SYNC_OF_DATES.fullmatch(change or ""))]
    end = today + timedelta(days=SYNC_DAYS)
    return {sync[0] for sync in syncs if sync["whole"] in changes and date.fromisoformat(sync["last"]) < end}


def _value(reason: Mapping[str, Any], names: PersonalNames) -> str:
    """The value, with names for the ids of columns."""
    value: str = reason["value"]
    if reason["rule"] not in _OF_COLUMNS or not names.columns:
        return value
    ids = "|".join(re.escape(id_) for id_ in sorted(names.columns, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])({ids})(?![\w-])", lambda found: names.columns[found[0]], value)


def _indented(text: Text) -> Padding:
    return Padding(text, (0, 0, 0, INDENT), expand=False)


def _source(source: Mapping[str, Any], names: PersonalNames, zone: ZoneInfo, now: datetime) -> str:
    match source["kind"]:
        case "portal":
            read = source.get("read_at")
            return f"from the portal, read {ago(datetime.fromisoformat(read), now)}" if read else "from the portal"
        case "setting":
            return _setting(source, names, zone)
        case "appointment" | "booking" if source.get("ids"):
            return f"{source['kind']} {', '.join(source['ids'])}"
        case "default":
            return "by default"
    return ""


def _setting(source: Mapping[str, Any], names: PersonalNames, zone: ZoneInfo) -> str:
    by = names.set_by.get(source.get("rule") or "")
    at = source.get("set_at")
    if at is None:
        return "set, before origins were recorded"
    when = f"{datetime.fromisoformat(at).astimezone(zone):%d %b %Y %H:%M}"
    return f"set by {by}, {when}" if by else f"set {when}"
