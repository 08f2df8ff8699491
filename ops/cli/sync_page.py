"""Prints a sync with its dates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from ops.terminal.progress import changes, warnings
from ops.terminal.tables import STYLES, ago, lasted, state_words, table

if TYPE_CHECKING:
    from rich.console import Console

View = dict[str, Any]
"""Prints a sync in the form of the status reply."""


def show_sync(out: Console, sync: View, now: datetime) -> None:
    style = STYLES[sync["status"]]
    kind = "dry run" if sync["dry_run"] else "sync"
    out.print(f"{kind} {sync['sync_id']} of [bold]{sync['clinic']}[/]: [{style}]{_status(sync)}[/]")
    done = f"{sync['dates_done']} of {sync['dates_total']} dates done"
    out.print(f"  {sync['start_date']} to {sync['end_date']}, {done}; {_times(sync, now)}")
    if sync["error_message"]:
        out.print(f"  {sync['error_message']}", style="red", markup=False)
    if parts := _deeds(sync):
        out.print(f"  {parts}")
    if sync["removals_held"] and not sync["dry_run"]:
        out.print(
            f"  [yellow]{sync['removals_held']} held removals need a decision:[/] idexx-sync runs "
            f"plan {sync['sync_id']}"
        )
    for warning in warnings(sync):
        out.print(f"  warning: {warning}", style="yellow", markup=False)
    if sync.get("dates"):
        out.print(_dates(sync, now))


def _status(sync: View) -> str:
    words = state_words(sync["status"])
    if sync["status"] == "queued" and sync["position"]:
        return f"{words}, position {sync['position']}"
    return f"partially {words}" if sync["partial_success"] else words


def _times(sync: View, now: datetime) -> str:
    parts = [f"requested {ago(_time(sync['created_at']), now)}"]
    if sync["completed_at"]:
        return f"{parts[0]}, took {lasted(sync['duration_ms'])}"
    if sync["started_at"]:
        parts.append(f"started {ago(_time(sync['started_at']), now)}")
        parts.append(f"last heartbeat {ago(_time(sync['heartbeat_at']), now)}")
    if deadline := _time(sync["deadline_at"]):
        parts.append(f"times out in {max(0, int((deadline - now).total_seconds()))} s")
    return ", ".join(parts)


def _deeds(sync: View) -> str:
    if not sync["completed_at"]:
        return ""
    if sync["dry_run"]:
        return f"a plan of {sync['changes_planned'] or 0} changes: idexx-sync runs plan {sync['sync_id']}"
    stats = sync["stats"]
    return f"{changes(stats)}; slots: {stats['slots_created']} created, {stats['slots_updated']} changed"


def _dates(sync: View, now: datetime) -> Any:
    columns = ("date", "state", "attempts", "why", "next try", "worker", "heartbeat")
    shown = table(*columns, right=("attempts",), wrap=("why",))
    for day in sorted(sync["dates"], key=lambda day: str(day["date"])):
        why = ": ".join(filter(None, (day["reason"], day["message"])))
        is_open = day["status"] in ("scraping", "scraped")
        shown.add_row(
            *(day["date"], state_words(day["status"]), str(day["attempts"]), escape(why)),
            *(_in(_time(day["next_try_at"]), now), escape(day["worker"] or "")),
            ago(_time(day["heartbeat_at"]), now) if is_open and day["heartbeat_at"] else "",
        )
    return shown


def _in(then: datetime | None, now: datetime) -> str:
    if then is None:
        return ""
    seconds = (then - now).total_seconds()
    return f"in {seconds:.0f} s" if seconds > 0 else ""


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
