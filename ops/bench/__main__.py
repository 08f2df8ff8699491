"""`python -m ops.bench NAME …`: runs a benchmark by name, with its options."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from ops.terminal.encoding import use_stand_ins

#: The module and description of each benchmark. A module has `main(arguments)`, which returns the exit status, and
#: is imported on use.
BENCHMARKS = {
    "sync": ("ops.bench.sync", "a 14-day sync, compared with the ideal and with the old system's method"),
    "clinics": ("ops.bench.clinics", "two and twenty clinics at once"),
    "cancel_latency": ("ops.bench.cancel_latency", "how fast a cancel and a timeout end calls that hang"),
    "budget": ("ops.bench.budget", "whether the rate limit holds under full load"),
    "reconcile": ("ops.bench.reconcile", "rows per second, compared with the old plan and with COPY"),
    "offer": ("ops.bench.offer", "milliseconds to find a clinic's bookable starts"),
    "pooler": ("ops.bench.pooler", "statements and dates, directly and through PgBouncer"),
    "broker": ("ops.bench.broker.comparison", "messages per second, compared with Dramatiq on Redis and RabbitMQ"),
    "memory": ("ops.bench.memory", "memory of every process after each of 100 syncs"),
    "footprint": ("ops.bench.footprint", "memory at rest, compared with how it was"),
    "all": ("ops.bench.everything", "all of them, one after the other"),
}

USAGE = (
    "usage: python -m ops.bench NAME [--quick] [--json FILE] [--plot FILE] [--check "
    "FILE] …\n\n{names}\n\npython -m ops.bench NAME --help explains a benchmark."
)


def main(arguments: Sequence[str]) -> int:
    name, *rest = arguments or ["--help"]
    if name in BENCHMARKS:
        status: int = import_module(BENCHMARKS[name][0]).main(rest)
        return status
    asked = name in ("-h", "--help")
    names = "\n".join(f"  {name:14} {what}" for name, (_, what) in BENCHMARKS.items())
    print(USAGE.format(names=names), file=sys.stdout if asked else sys.stderr)
    if not asked:
        print(f"there is no benchmark {name!r}", file=sys.stderr)
    return 0 if asked else 2


def interrupt(*_: Any) -> None:
    """Ends a benchmark as Ctrl-C does, so that it ends the servers that it has started."""
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    use_stand_ins()
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(main(sys.argv[1:]))
