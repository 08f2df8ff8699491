"""`python -m ops.monitoring.dashboard_check [--short]`: exit status 1 if a query of the dashboard has no value."""

from __future__ import annotations

import argparse
import sys
import time

from ops.monitoring.alert_drill.shorten_rules import hurried
from ops.monitoring.dashboard_check import __doc__ as about
from ops.monitoring.dashboard_check.days import CLINICS, SHORT, Story, live_through
from ops.monitoring.dashboard_check.queries import read_queries
from ops.monitoring.testbed.machine import RULES, Watched, on_watched_machine
from ops.terminal.encoding import use_stand_ins
from ops.terminal.output import answer, say

#: Number of points of a range.
POINTS = 150


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ops.monitoring.dashboard_check",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--short", action="store_true", help="a few dates, and no good days: for the suite")
    story = SHORT if parser.parse_args().short else Story()
    queries = list(read_queries())

    async def work(watched: Watched) -> int:
        start = time.time()
        await live_through(watched, story)
        end = time.time()
        step = max((end - start) / POINTS, 1.0)
        empty = [query for query in queries if not await query.has_data(watched.prometheus, start, end, step)]
        for query in empty:
            answer({"panel": query.panel, "query": query.expression})
        say(f"{len(empty)} of {len(queries)} queries have no value")
        return 1 if empty else 0

    return on_watched_machine(work, "dashboard", hurried(RULES.read_text()), CLINICS)


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(main())
