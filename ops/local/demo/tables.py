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

#: Width of the bar that shows how full a day is, in characters.
BAR = 12

#: How many changes of one kind are listed individually.
EXAMPLES = 4

LOOKS = {"added": "green", "moved": "yellow", "updated": "cyan", "removed": "red", "restored": "green"}


def days_table(clinics: Mapping[str, Sequence[Any]]) -> Table:
    """Returns the dates of all clinics side by side: appointments, blocks, free slots, and how full the day is."""
    columns = ["appts", "blocks", "free", "full"]
    names = [column for _ in clinics for column in columns]
    shown = table("date", *names, right=("appts", "blocks", "free"))
    for column, slug in zip(shown.columns[1 :: len(columns)], clinics, strict=True):
        column.header = Text.assemble((f"{slug}\n", "bold"), "appts")
    for column in shown.columns:
        if column.header in ("date", *columns):
            column.header = f"\n{column.header}"
    by_day = {slug: {row["date"]: row for row in rows} for slug, rows in clinics.items()}
    for day in sorted({row["date"] for rows in clinics.values() for row in rows}):
        shown.add_row(f"{day:%a %d %b}", *(cell for rows in by_day.values() for cell in _day(rows.get(day))))
    shown.add_section()
    shown.add_row("all", *(cell for rows in clinics.values() for cell in _day(_total(rows))), style="bold")
    return shown


def _day(row: Mapping[str, Any] | None) -> list[Text | str]:
    if row is None:
        return ["", "", "", ""]
    counts: list[Text | str] = [str(row["appointments"]), str(row["blocks"])]
    if not row["capacity"]:
        return [*counts, "", Text("closed", style="dim")]
    return [*counts, str(row["free"]), _bar(row["booked"] / row["capacity"])]


def _bar(share: float) -> Text:
    filled = round(share * BAR)
    style = "red" if share > 0.8 else "yellow" if share > 0.5 else "green"
    return Text.assemble(("█" * filled, style), ("░" * (BAR - filled), "dim"), f" {share:4.0%}")


def _total(rows: Sequence[Any]) -> dict[str, int]:
    return {
        name: sum(row[name] for row in rows) for name in ("appointments", "blocks", "free", "booked", "capacity")
    }


def changes_table(changes: Sequence[Any]) -> Table:
    """Returns the first changes of each kind, and their number."""
    shown = table("clinic", "what", "patient", "before", "after", wrap=("patient",))
    for (clinic, kind), group in groupby(changes, key=lambda row: (row["clinic"], row["kind"])):
        rows = list(group)
        for row in rows[:EXAMPLES]:
            what = Text(kind, style=LOOKS[kind])
            shown.add_row(clinic, what, row["patient"] or "(block)", _side(row, "old"), _side(row, "new"))
        if (more := len(rows) - EXAMPLES) > 0:
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
