"""Syncs and clinics as clients see them: plain JSON values, no personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from engine.clinic import Clinic
from engine.sync import DateState, Sync


def sync_view(sync: Sync, dates: Sequence[DateState] = (), position: int = 0) -> dict[str, Any]:
    """A sync as stored, with its dates in working order. A dry run's plan may be long, and is asked for by itself."""
    fields = asdict(sync)
    stats, covered = fields.pop("stats"), sync.dates
    del fields["dates"], fields["id"], fields["clinic_id"]
    plan = fields.pop("plan")
    view = {"sync_id": sync.id, "position": position, "start_date": covered.start, "end_date": covered.end}
    view |= fields | {"stats": stats, "changes_planned": None if plan is None else len(plan)}
    if dates:
        view["dates"] = [asdict(state) for state in dates]
    return view


def clinic_view(clinic: Clinic, freshness: Mapping[str, Any]) -> dict[str, Any]:
    """A clinic with the time of its last completed sync (None: never) and what keeps it from signing in."""
    return {"slug": clinic.slug, "id": clinic.id, "name": clinic.name, "timezone": clinic.timezone, **freshness}
