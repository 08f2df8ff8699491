"""The warnings of a sync about missing appointments that it has not removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from engine.removals import MissingAppointment, Protection, RemovalLimit
from engine.warnings import SyncWarning, WarningCode


def warnings_of_kept(kept: Sequence[MissingAppointment], removal_limit: RemovalLimit) -> list[SyncWarning]:
    """The warnings about appointments that the calendar does not show and that stay."""
    contradicted = sum(each.is_contradicted for each in kept)
    unchecked = sum(each.is_unchecked for each in kept)
    reasons = Counter(
        _WHY_KEPT[each.protection] for each in kept if not (each.is_contradicted or each.is_unchecked)
    )
    counts = "; ".join(f"{count} {reason}" for reason, count in reasons.items())
    warnings = [
        SyncWarning(
            WarningCode.REMOVALS_UNCONFIRMED,
            f"appointments that the calendar does not show stay: {counts}",
            reasons.total(),
        ),
        SyncWarning(
            WarningCode.REMOVALS_NOT_CHECKED,
            f"{unchecked} appointments that the calendar does not show stay until a later sync has looked them up: "
            f"this one has made its look-ups (REMOVAL_LOOKUPS={removal_limit.lookups}, "
            f"SYNC_EXTRA_CALLS={removal_limit.extra_calls})",
            unchecked,
        ),
        SyncWarning(
            WarningCode.CALENDAR_CONTRADICTED,
            f"{contradicted} appointments stay that the calendar did not show: the portal has them at their places",
            contradicted,
        ),
    ]
    return [warning for warning in warnings if warning.count]


_WHY_KEPT = {
    None: "until a later sync confirms that they are gone",
    Protection.FAILED_DATE: "that may have moved to a date that failed",
    Protection.LEFT_OUT_RECORD: "that may be among the records that were left out",
}
