"""`python -m ops.monitoring.dashboard_preview [--picture FILE] [--short]`: exit status 1 if a query returns
nothing."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ops.monitoring.alert_drill.shorten_rules import hurried
from ops.monitoring.dashboard_preview import __doc__ as about
from ops.monitoring.dashboard_preview.asking import Answer, ask
from ops.monitoring.dashboard_preview.board import Panel, read_board
from ops.monitoring.dashboard_preview.days import CLINICS, SHORT, Story, live_through
from ops.monitoring.testbed.machine import RULES, Watched, on_watched_machine
from ops.terminal.encoding import use_stand_ins
from ops.terminal.output import answer, say

#: Number of points of a line.
POINTS = 150


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ops.monitoring.dashboard_preview",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the dashboard to this PNG file")
    parser.add_argument("--short", action="store_true", help="few dates and no normal days, for the test suite")
    arguments = parser.parse_args()
    panels = read_board()

    async def work(watched: Watched) -> int:
        start = time.time()
        await live_through(watched, SHORT if arguments.short else Story())
        end = time.time()
        step = max((end - start) / POINTS, 1.0)
        answers = await ask(watched.prometheus, panels, start, end, step)
        if arguments.picture:
            from ops.monitoring.dashboard_preview.drawing import draw

            draw(panels, answers, arguments.picture)
            say(f"wrote {arguments.picture}")
        empty = list(_empty(panels, answers))
        for one in empty:
            answer(one)
        say(f"{len(empty)} of {sum(len(panel.targets) for panel in panels)} queries returned nothing")
        return 1 if empty else 0

    return on_watched_machine(work, "dashboard", hurried(RULES.read_text()), CLINICS)


def _empty(panels: Sequence[Panel], answers: Mapping[str, Sequence[Answer]]) -> Iterator[dict[str, str]]:
    for panel in panels:
        for one in answers[panel.title]:
            if one.is_empty:
                yield {"panel": panel.title, "query": one.target.expression}


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(main())
