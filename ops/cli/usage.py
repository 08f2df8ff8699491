"""Error messages for a wrong command line: the word, the problem, and the correct form."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

from cyclopts import Argument, CycloptsError
from cyclopts.exceptions import CoercionError, MissingArgumentError, UnusedCliTokensError

#: The expected input for each type of value.
EXPECTED = {
    int: "a whole number",
    float: "a number",
    date: "a date, written YYYY-MM-DD",
    UUID: "a full id, such as 1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa",
    Path: "a path",
}


def explain_usage(error: CycloptsError) -> str:
    """Returns an error message: our own where cyclopts mentions tokens and types, else that of cyclopts."""
    match error:
        case MissingArgumentError(argument=Argument() as argument, keyword=None):
            return f"{_name(argument)} is missing"
        case MissingArgumentError(keyword=str(option)):
            return f"{option} needs a value"
        case CoercionError(
            msg=None, argument=Argument() as argument, token=token, target_type=type() as wanted
        ) if token is not None and (expected := EXPECTED.get(wanted)):
            return f"{token.keyword or _name(argument)}: {token.value!r} is not {expected}"
        case UnusedCliTokensError(unused_tokens=[first, *_]):
            return f"unexpected argument {first!r}; quote arguments that contain spaces, and give one at a time"
    return str(error)


def _name(argument: Argument) -> str:
    """Returns the argument as it appears in the help: a positional by its name, an option with its dashes."""
    return argument.name if argument.index is None else argument.name.lstrip("-").upper()
