"""Prints an error of a command: what happened, the likely cause, and the command to try."""

from __future__ import annotations

import os
import sys
import traceback

from ops.client.errors import as_reply, explain
from ops.client.exit_status import Exit
from ops.terminal.output import answer, paint


def report(error: BaseException, *, as_json: bool = False) -> Exit:
    """Prints the error to stderr and returns the exit status. Includes the traceback with `LOG_LEVEL=debug`.

    With `as_json`, stdout gets the error too, in the form of the gateway's reply.
    """
    status, message, hint = explain(error)
    if os.environ.get("LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
    print(paint("31", "✗", sys.stderr), message, file=sys.stderr)
    if hint:
        print(paint("2", "  →", sys.stderr), hint, file=sys.stderr)
    if as_json:
        answer(as_reply(error))
    return status
