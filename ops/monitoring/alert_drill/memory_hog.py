"""A process that allocates memory and reports it like ours: `python -m ops.monitoring.alert_drill.memory_hog
MEGABYTES`."""

from __future__ import annotations

import sys
import time

from actors.metrics import Metrics
from actors.settings import load


def main() -> None:
    metrics = Metrics.of_machine(load())
    held = b"\1" * (int(sys.argv[1]) * 10**6)
    while held:
        metrics.measure("memory_hog")
        time.sleep(1)


if __name__ == "__main__":
    main()
