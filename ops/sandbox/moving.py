"""Moves an appointment at a fixed interval while the fault setting `moves_every_s` is set."""

from __future__ import annotations

from datetime import timedelta

from ops.sandbox.changes import ChangeRequest, apply_changes
from ops.sandbox.fault_settings import FaultSettings
from ops.sandbox.schedule import Schedule


class Moving:
    """Tracks when each clinic's next move is due. Moves are made when the calendar is read, each as of its due
    time."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._made = 0

    def reset(self) -> None:
        self._due.clear()

    def catch_up(self, schedule: Schedule, fault_settings: FaultSettings, now: float) -> None:
        """Makes the moves that are due; `now` is in Unix seconds."""
        company_id = schedule.clinic.company_id
        if fault_settings.moves_every_s is None:
            self._due.pop(company_id, None)
            return
        due = self._due.setdefault(company_id, now)
        while due <= now:
            self._made += 1
            request = ChangeRequest(
                company_id=company_id,
                start=schedule.today,
                end=schedule.today + timedelta(days=fault_settings.moves_days - 1),
                seed=self._made,
                move=1,
            )
            apply_changes(
                schedule, request, glitch=fault_settings.glitch, glitch_until=due + fault_settings.glitch_seconds
            )
            due += fault_settings.moves_every_s
        self._due[company_id] = due
