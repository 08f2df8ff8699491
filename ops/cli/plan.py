"""Prints the plan of a dry run: the changes of a real sync; without names if it was sent over NATS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from ops.cli.changes import LOOKS, colour, other_fields, places, who
from ops.terminal.tables import table

if TYPE_CHECKING:
    from rich.console import Console

    from engine.store.reconciling import PlannedChange

Planned = Mapping[str, Any]


def show_plan(out: Console, plan: Sequence[Planned], held: int) -> None:
    """Prints a line for each change, in calendar order, and the totals."""
    shown = table("dry run", "when", "appointment", "what", wrap=("what",))
    for change in sorted(plan, key=_when):
        before, after = change["before"], change["after"]
        appointment = escape(str(change["neo_appointment_id"]))
        what = escape(other_fields(before, after))
        shown.add_row(_would_be(change["kind"]), places(before, after), appointment, what)
    if plan:
        out.print(shown)
    out.print(summary(plan, held))


def show_named_plan(out: Console, plan: Sequence[PlannedChange], held: int) -> None:
    """Prints a line for each change with patient, time and column, for comparison with the portal's own page."""
    shown = table("dry run", "when", "column", "who", "type", "status", "what", wrap=("who", "type", "what"))
    for change in plan:
        before, after = change.before, change.after
        values = after or before or {}
        columns = [(each or {}).get("column") for each in (before, after) if each is not None]
        shown.add_row(
            *(_would_be(change.kind), places(before, after)),
            escape(" → ".join(dict.fromkeys(str(column or "(none)") for column in columns))),
            *(
                escape(who(values)),
                escape(str(values.get("appointment_type") or "")),
                escape(str(values["status"])),
            ),
            escape(other_fields(before, after)),
        )
    if plan:
        out.print(shown)
    out.print(summary([{"kind": change.kind} for change in plan], held))


def summary(plan: Sequence[Planned], held: int) -> str:
    kinds = Counter(change["kind"] for change in plan)
    counts = [f"{kinds[kind]} {kind}" for kind in LOOKS if kinds[kind]]
    lines = [f"dry run: would be {', '.join(counts)}" if counts else "dry run: nothing would change"]
    if held:
        lines.append(f"dry run: {held} removals would be held for a person to decide")
    return "\n".join(lines)


def _would_be(kind: str) -> str:
    return f"would be {colour(kind)}"


def _when(change: Planned) -> tuple[str, str]:
    values = change["after"] or change["before"]
    return str(values["date"]), str(values["start_time"])
