"""Describes why a clinic is not fresh, most serious reason first; nothing if it is fresh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.store.monitoring import ClinicFigures

#: Duration from which a running sync is highlighted, in seconds; the same as in the alert HighSyncDuration.
LONG = 60.0


def staleness_reasons(clinic: Mapping[str, Any], figures: ClinicFigures | None) -> list[tuple[str, str]]:
    """Returns reasons with their colors. `clinic` as in `actors.views.clinics`; `figures`: None without
    credentials."""
    return list(_reasons(clinic, figures))


def _reasons(clinic: Mapping[str, Any], figures: ClinicFigures | None) -> Iterator[tuple[str, str]]:
    if clinic["login_failure"]:
        yield _plain(clinic["login_failure"]), "red"
    if figures is None:
        yield "no credentials", "yellow"
        return
    if figures.failing and figures.failing != clinic["login_failure"]:
        yield f"last sync failed: {_plain(figures.failing)}", "yellow"
    if clinic["removals_held"]:
        yield f"{clinic['removals_held']} removals held", "yellow"
    if figures.running_seconds:
        yield (
            f"syncing for {figures.running_seconds:.0f} s",
            "yellow" if figures.running_seconds > LONG else "cyan",
        )
    elif clinic["is_fresh"] is False and not (clinic["login_failure"] or figures.failing):
        yield "no sync is running, and none has failed: check that syncs are requested", "yellow"


def _plain(word: str) -> str:
    return word.replace("_", " ")
