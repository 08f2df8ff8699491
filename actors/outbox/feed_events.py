"""The events of the two change feeds, from the rows of the database: ids, dates and times only."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from engine.feed import Feed


def appointment_event(row: Any) -> dict[str, Any]:
    """The event of a changed appointment."""
    return {
        "kind": row["kind"],
        "clinic": row["clinic"],
        **_place_in_feed(row),
        "sync_id": row["sync_id"],
        "appointment_id": row["appointment_id"],
        "neo_appointment_id": row["neo_appointment_id"],
        "at": row["at"],
        "before": _side(row["before"]),
        "after": _side(row["after"]),
    }


def offer_event(row: Any) -> dict[str, Any]:
    """The event of a changed start."""
    return {
        "kind": row["kind"],
        "clinic": row["clinic"],
        **_place_in_feed(row),
        "starts_at": row["starts_at"],
        "ends_at": row["ends_at"],
        "date": row["date"],
        "start_time": row["start_time"],
        "column_count": row["column_count"],
        "column_count_before": row["column_count_before"],
        "cause": row["cause"],
        "sync_id": row["sync_id"],
        "booking_id": row["booking_id"],
        "rule": row["rule"],
        "at": row["at"],
    }


#: Makes the event of a row, for each feed.
EVENTS: Mapping[Feed, Callable[[Any], dict[str, Any]]] = {
    Feed.APPOINTMENT: appointment_event,
    Feed.OFFER: offer_event,
}


def _place_in_feed(row: Any) -> dict[str, Any]:
    """Where the change is in its feed; position 0 is that of changes from before there were positions."""
    return {"feed_id": row["feed_id"], "position": row["position"] or None}


def _side(text: str | None) -> Any:
    return None if text is None else json.loads(text)
