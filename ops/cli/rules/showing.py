"""The command `clinic rules CLINIC`: what a clinic offers, and where each value comes from."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ops.cli.rules.clinic_rules import read
from ops.cli.rules.page import rules_json, rules_table
from ops.cli.rules.warnings import hints
from ops.local.discovery import settings_here
from ops.terminal.output import Json, answer, console, warn

Slug = Annotated[str, Parameter(help="The clinic's slug.")]


def show(clinic: Slug, *, json: Json = False) -> None:
    """Show a clinic's rules: which columns count, which times are offered, and where each value comes from.

    `show` may be left out.

    Example: `idexx-sync clinic rules show cedar-creek`
    """
    view = read(settings_here(), clinic)
    if json:
        answer(rules_json(view))
        return
    console().print(rules_table(view))
    for hint in hints(view):
        warn(hint)
