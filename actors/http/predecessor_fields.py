"""The fields of the responses of the service that this one replaces, which its callers still read, beside ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

#: Its default, for clinics without a freshness goal.
STALE_AFTER_SECONDS = 60 * 60

#: Its default, where a gateway of an older version replies.
HORIZON_DAYS = 14

_STATS = ("slots_created", "slots_updated", "appointments_added", "appointments_updated", "appointments_removed")
_CONFLICTS = ("conflicts_detected", "conflicts_resolved")

Fields = dict[str, Any]


def ended(event: Mapping[str, Any], status: Mapping[str, Any] | None, now: datetime) -> Fields:
    """Of a sync that has ended: from its last event, and the reply to `status`, None if there was none.

    `errors` were texts. Ours, one object for each failed date, are `error_details`, as in the table of syncs.
    """
    completed = event["event"] == "completed"
    texts = [f"{error['date']}: {error['message']}" for error in event["errors"]]
    if not completed and (message := event.get("message")):
        texts.insert(0, message)
    synced_at = event["at"] if completed else None
    return {
        "success": completed,
        "syncId": event["sync_id"],
        "stats": {**event["stats"], **_stats(event["stats"])},
        "dateRange": _date_range(status["sync"]) if status else None,
        "syncedAt": synced_at,
        "nextStaleAt": _next_stale_at(synced_at, status["clinic"] if status else {}),
        "errors": texts,
        "error_details": event["errors"],
        "durationMs": event["duration_ms"],
        "timestamp": now,
    }


def refused(error: Mapping[str, Any], now: datetime, *, of_sync: bool) -> Fields:
    """Of a request that is refused; of one for a sync, all fields of its end, with nothing done."""
    fields = {"success": False, "errors": [error["message"]], "timestamp": now}
    if of_sync:
        nothing = dict.fromkeys(("syncId", "dateRange", "syncedAt", "nextStaleAt"))
        fields |= {**nothing, "stats": _stats({}), "durationMs": 0}
    return fields


def status(reply: Mapping[str, Any], last: Mapping[str, Any] | None, now: datetime) -> Fields:
    """Of a clinic's freshness: from the reply to `status`, and the clinic's last completed sync, None if never."""
    clinic = reply["clinic"]
    about = {"clinicId": clinic["id"], "clinicName": clinic["name"], "hasData": last is not None}
    if last is None:
        return {
            **about,
            "isStale": True,
            "lastSync": None,
            "freshness": None,
            "message": f"{clinic['name']} has not been synced yet.",
            "recommendedAction": "POST /api/idexx/schedule-sync with this clinicId starts a sync.",
        }
    age = (now - _time(clinic["last_completed_at"])).total_seconds()
    minutes, is_stale = max(0, int(age // 60)), age > _stale_after(clinic)
    state = "stale" if is_stale else "fresh"
    return {
        **about,
        "isStale": is_stale,
        "lastSync": {
            "id": last["sync_id"],
            "completedAt": clinic["last_completed_at"],
            "dateRange": _date_range(last),
            "stats": _stats(last["stats"]),
            "durationMs": last["duration_ms"],
        },
        "freshness": {
            "syncedAt": clinic["last_completed_at"],
            "nextStaleAt": _next_stale_at(clinic["last_completed_at"], clinic),
            "minutesSinceSync": minutes,
            "staleThresholdMinutes": _stale_after(clinic) // 60,
            "syncHorizonDays": clinic.get("horizon_days", HORIZON_DAYS),
        },
        "message": f"The data of {clinic['name']} is {state}: it was synced {minutes} minutes ago.",
        "recommendedAction": None,
    }


def _stats(stats: Mapping[str, int]) -> Fields:
    return {_camel(name): stats.get(name, 0) for name in (*_STATS, *_CONFLICTS)}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _date_range(sync: Mapping[str, Any]) -> Fields:
    return {"start": sync["start_date"], "end": sync["end_date"]}


def _next_stale_at(synced_at: str | None, clinic: Mapping[str, Any]) -> datetime | None:
    return None if synced_at is None else _time(synced_at) + timedelta(seconds=_stale_after(clinic))


def _stale_after(clinic: Mapping[str, Any]) -> int:
    """Seconds after which the clinic's data is stale: its freshness goal."""
    return clinic.get("max_age_seconds") or STALE_AFTER_SECONDS


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
