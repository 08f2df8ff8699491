"""Shows a first contact on the terminal: its steps, and what was understood."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING, Any

from engine.schedule import ScheduleConfig
from ops.cli.choose_columns import choose_columns
from ops.cli.contact.contact import Contact
from ops.terminal.encoding import is_unicode
from ops.terminal.output import paint

if TYPE_CHECKING:
    from engine.portal.contact import Step

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

#: How many names of one kind are listed.
MOST_NAMES = 12


def show_step(step: Step) -> None:
    """Prints one line: a tick, the step, its time, what it found."""
    done, failed, absent = ("✓", "✗", "–") if is_unicode(sys.stderr) else ("ok", "x", "-")
    mark = paint("31", failed, sys.stderr)
    if step.is_done:
        mark = paint("32", done, sys.stderr) if step.is_there else paint("33", absent, sys.stderr)
    print(f"{mark} {step.name:<36} {step.seconds:6.2f} s  {step.facts}", file=sys.stderr, flush=True)


def understood_lines(contact: Contact) -> list[str]:
    """What was understood, for comparison with the portal's own pages."""
    found, config = contact.report.understood, contact.report.config
    facts = {
        "appointments": f"{found.records} in {found.days} days, blocks included",
        "states": _counts(found.statuses),
        "unknown states": _counts(found.unknown_statuses) or "none",
        "types": _counts(found.types),
        "columns": _counts(found.columns),
        "new fields": ", ".join(sorted(found.unknown_fields)) or "none",
        "left out": _counts(found.left_out) or "none",
        "hours": "; ".join(hours_lines(config)) or "not read",
        "largest span": f"{contact.report.longest} days in one call",
    }
    lines = [f"  {name:<15} {text}" for name, text in facts.items()]
    return lines + [f"  {'not understood':<15} {problem.message}" for problem in contact.report.problems]


def columns_hint(contact: Contact) -> str | None:
    """What to do if no person has chosen the columns that count."""
    rooms = contact.report.config.rooms
    if not rooms or contact.clinic.resources is not None:
        return None
    listed = ", ".join(f"{room.id} ({room.name})" for room in rooms)
    command = choose_columns(contact.clinic.slug, (room.id for room in rooms))
    return f"no columns are chosen, so nothing is offered; the portal has {listed}: {command}"


def hours_lines(config: ScheduleConfig) -> list[str]:
    """The opening hours, weekdays with the same hours together: Monday to Friday 08:00–12:00, 13:00–18:00."""
    by_day = [
        (day, tuple((each.opens, each.closes) for each in config.hours or () if each.weekday == day))
        for day in (*range(1, 7), 0)
    ]
    lines = []
    for stretches, days in groupby(by_day, key=lambda pair: pair[1]):
        names = [WEEKDAYS[day] for day, _ in days]
        if stretches:
            parts = ", ".join(f"{_clock(opens)}–{_clock(closes)}" for opens, closes in stretches)
            lines.append(f"{names[0] if len(names) == 1 else f'{names[0]} to {names[-1]}'} {parts}")
    return lines


def to_json(contact: Contact, file: object) -> dict[str, Any]:
    failure, report = contact.failure, contact.report
    return {
        "ok": failure is None,
        "clinic": contact.clinic.slug,
        "reason": failure and failure.reason,
        "steps": [
            {"name": each.name, "ok": each.is_done, "there": each.is_there, "seconds": round(each.seconds, 3)}
            | {"facts": each.facts}
            for each in report.steps
        ],
        "understood": {each.name: getattr(report.understood, each.name) for each in fields(report.understood)},
        "longest_span_days": report.longest,
        "hours": hours_lines(report.config),
        "file": None if file is None else str(file),
    }


def _counts(counts: Mapping[str, int]) -> str:
    parts = [f"{name} {count}" for name, count in Counter(counts).most_common(MOST_NAMES)]
    return ", ".join([*parts, *_more(counts)])


def _more(counts: Mapping[str, int]) -> Iterable[str]:
    return [f"and {len(counts) - MOST_NAMES} more"] if len(counts) > MOST_NAMES else []


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24 if minutes != 1440 else 24:02}:{minutes % 60:02}"
