"""Formats the rules that decided about a start, each with its value, its source, and what would change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.offer.rule_words import title
from engine.store.offer.asking import PersonalNames
from ops.terminal.tables import ago

#: How far the lines below a rule are indented.
INDENT = 4


def reason_lines(
    reasons: Sequence[Mapping[str, Any]], names: PersonalNames, zone: ZoneInfo, now: datetime
) -> Iterator[RenderableType]:
    """Yields the value and the source of each rule; for one that forbids the start, what would change it as well."""
    for reason in reasons:
        allows = reason["allows"]
        mark = ("✓ ", "green") if allows else ("✗ ", "red")
        yield Text.assemble(mark, (title(reason["rule"]), "" if allows else "bold"), f": {reason['value']}")
        if source := _source(reason["source"], names, zone, now):
            yield _indented(Text(source, style="dim"))
        if not allows and reason["change"]:
            yield _indented(Text(f"→ {reason['change']}"))


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
