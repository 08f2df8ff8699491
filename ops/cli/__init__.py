"""`idexx-sync`, the command line.

Theory of operation. `app` names the commands and where they are; a command's module is imported when it is used.
Answers go to stdout, for people or, with `--json`, for programs; everything else goes to stderr. A command that
fails raises; `errors` turns what was raised into one clear line, and `exits` says with which status the process
ends. `reach` finds the servers: from the environment, or from the `idexx-sync up` that runs on this machine.

Commands about syncs talk to the gateway over NATS and need nothing else, so they work from any machine that may
use NATS. Commands about clinics and credentials need the database; those about dead letters, the broker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command line; answers the exit status."""
    from cyclopts import CycloptsError

    from ops.cli.app import build
    from ops.cli.error_report import report
    from ops.client.exit_status import Exit
    from ops.terminal.encoding import use_stand_ins

    use_stand_ins()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    app = build(next(iter(arguments), None))
    try:
        status = app(
            arguments,
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        if sys.stdout is not None:
            sys.stdout.flush()
    except CycloptsError as error:
        from ops.cli.usage import explain_usage

        help_of = " ".join(["idexx-sync", *(error.command_chain or ()), "--help"])
        print(f"✗ {explain_usage(error)}\n  → {help_of}", file=sys.stderr)
        return Exit.USAGE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe had enough; nothing is wrong, and the flush at the end has somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except SystemExit as error:
        # rich's own way to take the same; it has made the way free for the flush already.
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        return Exit.OK
    except Exception as error:
        return report(error)
    return status if isinstance(status, int) else Exit.OK
