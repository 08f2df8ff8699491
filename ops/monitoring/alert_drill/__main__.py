"""`python -m ops.monitoring.alert_drill [--only NAME …] [--json]`: exits with 0 if every alert fired and resolved."""

from __future__ import annotations

import argparse
import sys

from ops.monitoring.alert_drill import __doc__ as about
from ops.monitoring.alert_drill.causes import MAILBOX_SIZE
from ops.monitoring.alert_drill.drills import DRILLS
from ops.monitoring.alert_drill.running import Outcome, run_drills
from ops.monitoring.alert_drill.shorten_rules import hurried
from ops.monitoring.testbed.health import WrongAnswer
from ops.monitoring.testbed.machine import RULES, Watched, on_watched_machine
from ops.terminal.encoding import use_stand_ins
from ops.terminal.output import answer, console, say
from ops.terminal.tables import table


def main() -> int:
    names = sorted({drill.alert for drill in DRILLS})
    parser = argparse.ArgumentParser(
        prog="python -m ops.monitoring.alert_drill",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", action="store_true", help="print one JSON object per drill to stdout")
    arguments = parser.parse_args()
    drills = [drill for drill in DRILLS if drill.alert in (arguments.only or names)]

    async def work(watched: Watched) -> int:
        outcomes = []
        try:
            async for outcome in run_drills(watched, drills):
                outcomes.append(outcome)
                say(
                    f"{'✓' if outcome.is_good else '✗'} {outcome.drill.alert}: {outcome.summary or 'did not fire'}"
                )
                if arguments.json:
                    answer(_view(outcome))
        except (TimeoutError, WrongAnswer) as error:
            say(f"✗ {error}")
        if not arguments.json:
            _show(outcomes)
        return 0 if len(outcomes) == len(drills) and all(one.is_good for one in outcomes) else 1

    return on_watched_machine(
        work, "alerts", hurried(RULES.read_text()), MAILBOX_SIZE_DATE_SCRAPER=str(MAILBOX_SIZE)
    )


def _view(outcome: Outcome) -> dict[str, object]:
    return {
        "alert": outcome.drill.alert,
        "cause": outcome.drill.cause,
        "fired_after": outcome.fired_after,
        "remedy": outcome.drill.remedy,
        "resolved_after": outcome.resolved_after,
        "beside": outcome.beside,
        "summary": outcome.summary,
    }


def _show(outcomes: list[Outcome]) -> None:
    shown = table("alert", "cause", "fired", "remedy", "resolved", "also fired", right=("fired", "resolved"))
    for one in outcomes:
        shown.add_row(
            one.drill.alert,
            one.drill.cause,
            _seconds(one.fired_after),
            one.drill.remedy,
            _seconds(one.resolved_after),
            ", ".join(one.beside),
        )
    console().print(shown)


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.0f} s"


if __name__ == "__main__":
    use_stand_ins()
    sys.exit(main())
