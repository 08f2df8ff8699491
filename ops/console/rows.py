"""Formats the console's rows and lines from an overview and later events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.text import Text

from actors.queues import COORDINATOR, DATE_SCRAPER, NOTIFIER, RECONCILER
from ops.console.overview import ConsoleOverview, View
from ops.terminal.progress import SyncProgress
from ops.terminal.tables import STYLES, ago, lasted, state_words

Row = tuple[str, tuple[Text, ...]]
"""A key, which stays the same while the cells change, and the cells."""

BAR = 8

SYNCS = ("clinic", "sync", "state", "dates", "changes", "when")
#: The columns of syncs that a narrow terminal leaves out: the sync's own screen has them.
WIDE = frozenset({"sync", "changes"})
MAILBOXES = ("mailbox", "messages", "in flight", "later", "dead")
BROWSERS = ("browser", "works on")

#: The kinds of processes, grouped into lines that fit their panel.
_PROCESSES = (("gateway", COORDINATOR, RECONCILER), (NOTIFIER, DATE_SCRAPER))


def sync_rows(overview: ConsoleOverview, progress: Mapping[str, SyncProgress], now: datetime) -> list[Row]:
    """Returns a row per sync, unfinished ones first; `progress` by sync, from events since the overview."""
    syncs = sorted(overview.reply["syncs"], key=lambda one: _is_over(one, progress))
    return [(one["sync_id"], _sync(one, progress.get(one["sync_id"]), now)) for one in syncs]


def _is_over(sync: View, by_sync: Mapping[str, SyncProgress]) -> bool:
    progress = by_sync.get(sync["sync_id"])
    return bool(sync["completed_at"]) or (progress is not None and progress.is_over)


def _sync(sync: View, progress: SyncProgress | None, now: datetime) -> tuple[Text, ...]:
    status = progress.status if progress and not sync["completed_at"] else sync["status"]
    done = max(sync["dates_done"], progress.done if progress else 0)
    return (
        Text(sync["clinic"], "bold"),
        Text(sync["sync_id"][:8], "dim"),
        _state(sync, str(status)),
        Text(f"{done}/{sync['dates_total']}", justify="right"),
        _changes(sync, progress),
        _when(sync, done, str(status), progress, now),
    )


def _state(sync: View, status: str) -> Text:
    text = Text(state_words(status), STYLES[status])
    if sync["dry_run"]:
        text.append(" dry", "dim")
    if sync["partial_success"]:
        text.append(" partial", "yellow")
    if sync["removals_held"] and not sync["dry_run"]:
        text.append(f" {sync['removals_held']} held", "bold yellow")
    if warnings := sync["warnings"]:
        text.append(f" {len(warnings)} warning{'' if len(warnings) == 1 else 's'}", "yellow")
    return text


def _when(sync: View, done: int, status: str, progress: SyncProgress | None, now: datetime) -> Text:
    """Formats a running sync's progress bar and why it waits; for an ended sync, its time and problems."""
    if status == "queued":
        return Text(f"position {sync['position']}, requested {ago(time_of(sync['created_at']), now)}", "dim")
    if sync["completed_at"] or status != "in_progress":
        ended = ago(time_of(sync["completed_at"]) or now, now)
        text = Text(f"{ended}, took {lasted(sync['duration_ms'])}" if sync["duration_ms"] is not None else ended)
        return text.append(f"  {sync['error_message'] or ''}", "red")
    full = BAR * done // max(sync["dates_total"], 1)
    text = Text("━" * full, "green").append("━" * (BAR - full), "bright_black")
    if started := time_of(sync["started_at"]):
        text.append(f" {max(0.0, (now - started).total_seconds()):.0f} s")
    return text.append(f" {waiting(progress, now)}", "magenta") if progress and progress.waits else text


def waiting(progress: SyncProgress, now: datetime) -> str:
    """Returns briefly why dates wait: ↻ 2 rate limited, next in 8 s."""
    waits = [state for state in progress.dates.values() if state.state == "retrying"]
    reasons = sorted({(state.reason or "unknown").replace("_", " ") for state in waits})
    tries = [(state.next_try_at - now).total_seconds() for state in waits if state.next_try_at]
    again = "" if not tries else f", next in {min(tries):.0f} s" if min(tries) > 0 else ", due"
    return f"↻ {len(waits)} {', '.join(reasons)}{again}"


def _changes(sync: View, progress: SyncProgress | None) -> Text:
    if progress is not None and not sync["completed_at"]:
        added, updated, removed = progress.added, progress.changed, 0
    else:
        added, updated, removed = (
            sync["stats"][f"appointments_{what}"] for what in ("added", "updated", "removed")
        )
    return Text(f"+{added} ~{updated} -{removed}", "dim" if not (added or updated or removed) else "")


def mailbox_rows(overview: ConsoleOverview) -> list[Row]:
    return [
        (
            box["queue"],
            (
                Text(box["queue"], "bold"),
                _filled(box["messages"], box["limit"]),
                number(box["in_flight"]),
                number(box["delayed"] + box["due"]),
                Text(str(box["dead"]), "bold red" if box["dead"] else "dim", justify="right"),
            ),
        )
        for box in overview.reply["mailboxes"]
    ]


def _filled(messages: int, limit: int | None) -> Text:
    """Formats how full a mailbox is; red when nearly full, because senders then wait."""
    share = messages / limit if limit else 0.0
    style = "bold red" if share > 0.8 else "yellow" if share > 0.5 else ""
    return Text(f"{messages} of {limit if limit is not None else '∞'}", style, justify="right")


def browser_rows(overview: ConsoleOverview) -> list[Row]:
    """Returns a row for each DateScraper that responds to a ping, and each worker that claims a date but does
    not."""
    hands: dict[str, dict[str, list[str]]] = {}
    for one in overview.reply["in_hand"]:
        hands.setdefault(one["worker"], {}).setdefault(one["clinic"], []).append(one["date"][5:])
    here = [one["worker"] for one in overview.workers if DATE_SCRAPER in one["queues"].split()]
    rows = [(name, (Text(name, "bold"), _work(hands.get(name)))) for name in here]
    lost = [(name, (Text(name, "bold red"), _work(work))) for name, work in hands.items() if name not in here]
    return [*rows, *lost]


def _work(hands: Mapping[str, Sequence[str]] | None) -> Text:
    """Formats a worker's dates, by clinic."""
    parts = [f"{clinic} {' '.join(days)}" for clinic, days in (hands or {}).items()]
    return Text(", ".join(parts), "cyan") if parts else Text("idle", "dim")


def portal_lines(overview: ConsoleOverview) -> Text:
    """Returns the lines on the portal's protection (rate limit, circuit breaker), and the number of processes per
    kind."""
    budget, breaker = overview.reply["budget"], overview.reply["breaker"]
    is_lowered = budget["rate"] < budget["limit"] * 0.99
    text = Text("budget   ", "bold").append(
        f"{budget['rate']:.3g} of {budget['limit']:g} calls/s", "yellow" if is_lowered else ""
    )
    if budget["paused_for"]:
        text.append(f", paused for {budget['paused_for']:.0f} s\n", "bold yellow")
    else:
        text.append(f", burst {budget['burst']:g}\n", "dim")
    text.append("breaker  ", "bold").append(_breaker(breaker))
    # The default portal is the first; an older gateway does not send the list.
    for portal in (overview.reply.get("portals") or ())[1:]:
        rate = f"{portal['rate']:.3g} calls/s, "
        text.append(f"\n{portal['portal']}  ", "bold").append(rate).append(_breaker(portal["breaker"]))
    for line in _PROCESSES:
        text.append("\n")
        for kind in line:
            number = (
                overview.gateways
                if kind == "gateway"
                else sum(kind in one["queues"].split() for one in overview.workers)
            )
            text.append(f"{number} {kind.removeprefix('date_')}  ", "" if number else "bold red")
    return text


def _breaker(state: str) -> Text:
    match state:
        case "closed":
            return Text("closed: calls are allowed", "green")
        case "open":
            return Text("open: no calls to the portal", "bold red")
    return Text("half open: one test call is allowed", "yellow")


def number(value: int) -> Text:
    return Text(str(value), "" if value else "dim", justify="right")


def time_of(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
