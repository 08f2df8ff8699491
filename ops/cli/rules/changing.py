"""The command `clinic rules set`: changes single rules of a clinic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from engine.offer.rules import ConflictRule, RuleChange
from engine.offer.rules_edit import RuleEdits
from ops.cli.rules.clinic_rules import RulesView, change
from ops.cli.rules.page import change_lines, changes_json
from ops.cli.rules.showing import Slug
from ops.cli.rules.warnings import hints
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import settings_here
from ops.terminal.output import Json, answer, say, warn

DryRun = Annotated[
    bool, Parameter(negative=(), show_default=False, help="Show what would change; change nothing.")
]


def _several(text: str) -> Parameter:
    return Parameter(consume_multiple=True, negative=(), help=text)


def set_(
    clinic: Slug,
    *,
    columns: Annotated[list[str] | None, _several("The columns that count, by id or name.")] = None,
    grid: Annotated[str | None, Parameter(help="The distance between two starts, such as 30min.")] = None,
    length: Annotated[str | None, Parameter(help="Of an appointment whose type has none, such as 30min.")] = None,
    notice: Annotated[str | None, Parameter(help="Earlier starts are not offered, such as 2h.")] = None,
    horizon: Annotated[str | None, Parameter(help="How many days are offered, today included: 60d.")] = None,
    max_age: Annotated[
        str | None, Parameter(help="What was read from the portal longer ago is not offered, such as 2h.")
    ] = None,
    conflicts: Annotated[
        ConflictRule | None,
        Parameter(help="Move or only mark bookings whose slot the portal has filled."),
    ] = None,
    bookable: Annotated[
        list[str] | None, _several("Times of a weekday: 'mon-fri 09:00-10:30 14:00-16:30', 'sat none'.")
    ] = None,
    blocked: Annotated[list[str] | None, _several("A recurring block: 'daily 12:00-14:00 Lunch'.")] = None,
    closed: Annotated[list[str] | None, _several("A closed day: '2026-12-24 Christmas Eve'.")] = None,
    uncounted: Annotated[list[str] | None, _several("A type that never takes a column.")] = None,
    type_length: Annotated[list[str] | None, _several("The length of a type: 'Dental=45min'.")] = None,
    type_columns: Annotated[list[str] | None, _several("The columns of a type: 'Dental=room-2,room-3'.")] = None,
    unset: Annotated[
        list[str] | None,
        _several("A rule to remove: grid, bookable.sunday, blocked.12:00-14:00, closed.2026-12-24, types.Dental."),
    ] = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Change rules of a clinic; the others stay. The stored slots are recounted at once.

    Example: `idexx-sync clinic rules set cedar-creek --columns "Exam 1" "Exam 2" --grid 30min --notice 2h`
    """
    given = {"columns": columns, "grid": grid, "length": length, "notice": notice, "horizon": horizon}
    given |= {"max_age": max_age, "conflicts": conflicts}
    values = {key: value for key, value in given.items() if value is not None}
    texts = (bookable, blocked, closed, uncounted, type_length, type_columns, unset)
    edits = RuleEdits(values, *(each or () for each in texts))
    if edits == RuleEdits():
        raise CommandFailed("no rule is given", status=Exit.USAGE, hint="idexx-sync clinic rules set --help")
    changes, view = change(settings_here(), clinic, edits.apply, dry_run=dry_run)
    report(changes, view, dry_run, json)


def report(changes: Sequence[RuleChange], view: RulesView, dry_run: bool, as_json: bool) -> None:
    """Prints what a command has changed, or would change."""
    if as_json:
        answer({"ok": True, "clinic": view.clinic.slug, "dry_run": dry_run, "changes": changes_json(changes)})
        return
    for line in change_lines(changes, view):
        print(f"would change {line}" if dry_run else line)
    if not changes:
        say("nothing differs")
    elif dry_run:
        say("dry run: nothing was changed")
    for hint in hints(view):
        warn(f"dry run: after these changes, {hint}" if dry_run else hint)
