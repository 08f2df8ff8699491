"""The command `sandbox`: runs the sandbox portal, which has its own command line."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter


def sandbox(
    *arguments: Annotated[
        str,
        Parameter(allow_leading_hyphen=True, help="Arguments of the sandbox; see `idexx-sync sandbox -- --help`."),
    ],
) -> None:
    """Run the sandbox portal, with invented clinics and appointments, for development.

    Example: `idexx-sync sandbox --port 8700 --latency-ms 300`
    """
    from ops.sandbox.cli import main

    main(list(arguments))
