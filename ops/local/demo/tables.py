"""The tables that the demo prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from rich.table import Table
from rich.text import Text

from ops.terminal.tables import table

#: Width of the bar that shows how full a day is, in characters; on a narrow terminal.
BAR, NARROW_BAR = 16, 8

#: How many days are shown unless all are.
WEEK = 7

#: From this width on, the table of days has every column.
WIDE = 100

#: How many changes of one kind are listed individually.
EXAMPLES = 4

LOOKS = {"added": "green", "moved": "yellow", "updated": "cyan", "removed": "red", "restored": "green"}


def days_table(clinics: Mapping[str, Sequence[Any]], width: int, *, all_days: bool) -> Table:
    """Returns the dates of all clinics side by side: appointments, blocks, free slots, and how full the day is.

    Without `all_days`, only the first week's days on which a clinic is open. A narrow terminal has no room for blocks.
    """
    is_wide = width >= WIDE
    columns = ["appts", "blocks", "free", "full"] if is_wide else ["appts", "free", "full"]
    bar = BAR if is_wide else NARROW_BAR
    names = [column for _ in clinics for column in columns]
    shown = table("date", *names, right=("appts", "blocks", "free"))
    for column, slug in zip(shown.columns[1 :: len(columns)], clinics, strict=True):
        column.header = Text.assemble((f"{slug}\n", "bold"), "appts")
    for column in shown.columns:
        if column.header in ("date", *columns):
            column.header = f"\n{column.header}"
    by_day = {slug: {row["date"]: row for row in rows} for slug, rows in clinics.items()}
    days = sorted({row["date"] for rows in clinics.values() for row in rows if all_days or row["capacity"]})
    shown.show_edge = all_days
    for day in [day for day in days if all_days or (day - days[0]).days < WEEK]:
        cells = (_day(rows.get(day), bar) for rows in by_day.values())
        shown.add_row(f"{day:%a %d %b}", *(each[name] for each in cells for name in columns))
    shown.add_section()
    totals = (_day(_total(rows), bar) for rows in clinics.values())
    shown.add_row("all", *(each[name] for each in totals for name in columns), style="bold")
    return shown


def _day(row: Mapping[str, Any] | None, bar: int) -> dict[str, Text | str]:
    if row is None:
        return dict.fromkeys(("appts", "blocks", "free", "full"), "")
    cells: dict[str, Text | str] = {"appts": str(row["appointments"]), "blocks": str(row["blocks"])}
    if not row["capacity"]:
        return cells | {"free": "", "full": Text("closed", style="dim")}
    return cells | {"free": str(row["free"]), "full": _bar(row["booked"] / row["capacity"], bar)}


def _bar(share: float, width: int) -> Text:
    filled = round(share * width)
    style = "red" if share > 0.8 else "yellow" if share > 0.5 else "green"
    return Text.assemble(("█" * filled, style), ("░" * (width - filled), "dim"), f" {share:4.0%}")


def _total(rows: Sequence[Any]) -> dict[str, int]:
    return {
        name: sum(row[name] for row in rows) for name in ("appointments", "blocks", "free", "booked", "capacity")
    }


def changes_table(changes: Sequence[Any], *, all_clinics: bool) -> Table:
    """Returns the first changes of each kind and the number of the others; or, in short, one of each kind."""
    shown = table("clinic", "what", "patient", "before", "after", wrap=("patient", "before", "after"))
    shown.show_edge = all_clinics
    examples, seen = EXAMPLES if all_clinics else 1, set[str]()
    for (clinic, kind), group in groupby(changes, key=lambda row: (row["clinic"], row["kind"])):
        rows = list(group) if all_clinics or kind not in seen else []
        seen.add(kind)
        for row in rows[:examples]:
            what = Text(kind, style=LOOKS[kind])
            shown.add_row(clinic, what, row["patient"] or "(block)", _side(row, "old"), _side(row, "new"))
        if (more := len(rows) - examples) > 0 and all_clinics:
            shown.add_row(clinic, Text(kind, style=LOOKS[kind]), f"… and {more} more", style="dim")
    return shown


def _side(row: Any, side: str) -> str:
    if row[f"{side}_date"] is None:
        return ""
    day, time = date.fromisoformat(row[f"{side}_date"]), row[f"{side}_time"][:5]
    details = [row[f"{side}_status"]] if row["old_status"] != row["new_status"] else []
    details += [f"({', '.join(row['fields'])})"] if side == "new" and row["fields"] else []
    return " ".join([f"{day:%a %d %b} {time}", *details])


def tally(changes: Sequence[Any]) -> str:
    counts = Counter(row["kind"] for row in changes)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "nothing changed"
