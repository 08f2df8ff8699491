"""Prints the plan of a dry run: the changes of a real sync. It was sent over NATS, so it contains no names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from ops.cli.changes import LOOKS, colour, other_fields, places
from ops.terminal.tables import table

if TYPE_CHECKING:
    from rich.console import Console

Planned = Mapping[str, Any]


def show_plan(out: Console, plan: Sequence[Planned], held: int) -> None:
    """Prints a line for each change, in calendar order, and the totals."""
    shown = table("would be", "when", "appointment", "what", wrap=("what",))
    for change in sorted(plan, key=_when):
        before, after = change["before"], change["after"]
        appointment = escape(str(change["neo_appointment_id"]))
        what = escape(other_fields(before, after))
        shown.add_row(colour(change["kind"]), places(before, after), appointment, what)
    if plan:
        out.print(shown)
    out.print(summary(plan, held))


def summary(plan: Sequence[Planned], held: int) -> str:
    kinds = Counter(change["kind"] for change in plan)
    told = [f"{kinds[kind]} {kind}" for kind in LOOKS if kinds[kind]]
    lines = [f"would be {', '.join(told)}" if told else "nothing would change"]
    if held:
        lines.append(f"{held} removals would be held for a person to decide")
    return "\n".join(lines)


def _when(change: Planned) -> tuple[str, str]:
    values = change["after"] or change["before"]
    return str(values["date"]), str(values["start_time"])
