"""`python -m ops.bench NAME …`: one benchmark by name, with its own options after it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

#: Each has `main(arguments)`, which answers the exit status. Imported only when asked for.
MODULES = {
    "sync": "ops.bench.sync",
    "ends": "ops.bench.ends",
    "budget": "ops.bench.budget",
    "clinics": "ops.bench.clinics",
    "memory": "ops.bench.memory",
    "reconcile": "ops.bench.reconcile",
    "broker": "ops.bench.broker.comparison",
}


def main(arguments: Sequence[str]) -> int:
    name, *rest = arguments or ["--help"]
    if name in MODULES:
        status: int = import_module(MODULES[name]).main(rest)
        return status
    asked = name in ("-h", "--help")
    print(f"usage: python -m ops.bench {{{','.join(MODULES)}}} …", file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
