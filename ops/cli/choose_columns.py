"""The command that chooses the columns that count, as it can be typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

#: What explanations say in place of columns: they are made where the names of columns are not known.
PLACE = "ID..."


def choose_columns(clinic: str, ids: Iterable[str]) -> str:
    """Returns the command with all of these columns, of which a person removes those that do not count."""
    return f"idexx-sync clinic rules set {clinic} --columns {shlex.join(ids)}"


def with_columns(command: str, ids: Iterable[str]) -> str:
    """Returns the command of an explanation with these columns in their place, if any are known."""
    if not (listed := list(ids)):
        return command
    # `--type-columns 'Dental=ID...'` takes them separated by commas.
    return command.replace(f"={PLACE}", f"={','.join(listed)}").replace(PLACE, shlex.join(listed))
