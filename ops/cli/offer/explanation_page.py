"""Prints why a start can be booked, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from engine.offer.rule_words import against
from engine.store.offer.asking import PersonalNames
from ops.cli.offer.reasons import reason_lines
from ops.terminal.tables import table

if TYPE_CHECKING:
    from rich.console import Console


def show_explanation(out: Console, reply: Mapping[str, Any], names: PersonalNames) -> None:
    now, zone = datetime.fromisoformat(reply["at"]), ZoneInfo(reply["timezone"])
    starts, ends = (datetime.fromisoformat(reply[name]).astimezone(zone) for name in ("starts_at", "ends_at"))
    why_not = "; ".join(against(reason["rule"]) for reason in reply["reasons"] if not reason["allows"])
    verdict = "[green]free[/]" if reply["free"] else f"[red]not offered[/], {why_not}"
    out.print(f"[bold]{reply['clinic']}, {starts:%a %d %b %Y %H:%M}-{ends:%H:%M}[/], {reply['timezone']}")
    out.print(f"{verdict}\n")
    for line in reason_lines(reply["reasons"], names, zone, now):
        out.print(line)
    if reply["columns"]:
        shown = table("column", "", "taken by", wrap=("column", "taken by"))
        for column in reply["columns"]:
            shown.add_row(escape(names.columns.get(column["id"], column["id"])), *_state(column, zone))
        out.print(shown)


def _state(column: Mapping[str, Any], zone: ZoneInfo) -> tuple[str, str]:
    taken = "\n".join(_taken(one, zone) for one in column["taken_by"])
    if column["free"]:
        return "[green]free[/]", taken
    if not column["may_use"]:
        return "[dim]may not be used[/]", taken
    return "taken" if taken else "[dim]not free[/]", taken


def _taken(one: Mapping[str, Any], zone: ZoneInfo) -> str:
    starts, ends = (datetime.fromisoformat(one[name]).astimezone(zone) for name in ("starts_at", "ends_at"))
    kind = one["kind"] if one["in_column"] else f"{one['kind']} without a column, takes one:"
    return f"{kind} {starts:%H:%M}-{ends:%H:%M} {one['id']}"
