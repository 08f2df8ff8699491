"""The command `help`: explains a topic or a command."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from engine.failure import FATAL_FOR_SYNC, Reason
from engine.retry import RULES, When
from ops.client.errors import CommandFailed
from ops.client.exit_status import MEANINGS, Exit, sign_in_remedy
from ops.terminal.output import console
from ops.terminal.reasons import MEANINGS as REASONS
from ops.terminal.tables import table

if TYPE_CHECKING:
    from rich.table import Table

#: How far a setting's meaning is indented.
INDENT = 4

#: How a failed date is retried, by its rule.
_RETRIES = {
    When.AT_ONCE: "at once, then later and later",
    When.LATER: "later and later",
    When.AFTER_SIGN_IN: "after a new sign-in",
    When.NEVER: "never",
}


def help_(
    *topic: Annotated[
        str,
        Parameter(
            name="TOPIC", help="reasons, settings, exit-statuses, or a command, such as `clinic rules set`."
        ),
    ],
) -> int:
    """Explain a topic or a command: why dates fail and what to do, the settings, the exit statuses.

    Example: `idexx-sync help reasons`
    """
    from ops.cli import main

    if not topic:
        return main(["--help"])
    if (explain := TOPICS.get(" ".join(topic))) is not None:
        console().print(explain())
        return Exit.OK
    from ops.cli.app import COMMANDS

    if topic[0] not in {name for name, *_ in COMMANDS}:
        named = f"{', '.join(TOPICS)}, or a command"
        raise CommandFailed(f"no topic {topic[0]!r}: give {named}", status=Exit.USAGE, hint="idexx-sync --help")
    return main([*topic, "--help"])


def exit_statuses() -> Table:
    shown = table("status", "meaning", right=("status",), wrap=("meaning",))
    for status, meaning in MEANINGS.items():
        shown.add_row(str(int(status)), meaning)
    return shown


def reasons() -> Table:
    """Every reason for which a date fails, in the order of the list."""
    shown = table("reason", "meaning", "retried", "what to do", wrap=("meaning", "retried", "what to do"))
    for reason in Reason:
        shown.add_row(reason, REASONS[reason], _RETRIES[RULES[reason].when], _remedy(reason))
    return shown


def _remedy(reason: Reason) -> str:
    if reason in FATAL_FOR_SYNC:
        return sign_in_remedy("CLINIC", [reason])
    match reason:
        case Reason.PORTAL_CHANGED | Reason.BAD_ANSWER:
            return "idexx-sync evidence SYNC"
        case Reason.LEFT_PORTAL:
            return "idexx-sync credentials set CLINIC --address ADDRESS"
        case Reason.SYNC_ENDED:
            return "idexx-sync sync CLINIC"
        case Reason.DELIVERIES_EXHAUSTED:
            return "idexx-sync dlq list"
    return "idexx-sync doctor, if it stays"


def settings() -> RenderableType:
    """Every setting by subject: its default, its values, and its meaning."""
    from actors.settings.catalogue import described

    lines: list[RenderableType] = []
    for subject, group in groupby(described(), key=lambda one: one.subject):
        lines += [Text(), Text(subject, style="bold")]
        for one in group:
            values = f"one of {one.values}" if "`, `" in one.values else one.values
            facts = "; ".join(filter(None, (one.default and f"default {one.default}", values)))
            meaning = Text(one.meaning.replace("`", ""))
            lines += [
                Text.assemble((one.name, "cyan"), f"  {facts}".replace("`", "")),
                Padding(meaning, (0, 0, 0, INDENT), expand=False),
            ]
    return Group(*lines[1:])


TOPICS: dict[str, Callable[[], RenderableType]] = {
    "reasons": reasons,
    "settings": settings,
    "exit-statuses": exit_statuses,
}
