"""`idexx-sync`, the command line.

Theory of operation. `app` lists the commands and their modules; a command's module is imported on use. Results go
to stdout, as text or, with `--json`, as JSON; everything else goes to stderr. A command that fails raises.
`error_report` prints the exception as one clear message, and `ops.client.exit_status` defines the exit statuses.
`ops.local.discovery` finds the servers: from the environment, or from the `idexx-sync up` that runs on this
machine.

Commands about syncs use only the gateway over NATS, so they work from any machine with access to NATS. Commands
about clinics and credentials need the database; those about dead letters need the broker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns the exit status."""
    from cyclopts import CycloptsError

    from ops.cli.app import build
    from ops.cli.error_report import report
    from ops.client.errors import reply_of
    from ops.client.exit_status import Exit
    from ops.terminal.color import take_color
    from ops.terminal.encoding import use_stand_ins
    from ops.terminal.output import answer

    use_stand_ins()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    as_json = "--json" in arguments
    try:
        arguments = take_color(arguments)
        app = build(next(iter(arguments), None))
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
        if as_json:
            answer(reply_of(Exit.USAGE, explain_usage(error)))
        return Exit.USAGE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe, which is not an error; /dev/null takes the final flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except SystemExit as error:
        # rich raises SystemExit for the same case, and has already redirected stdout.
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        return Exit.OK
    except Exception as error:
        return report(error, as_json=as_json)
    return status if isinstance(status, int) else Exit.OK
