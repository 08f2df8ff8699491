"""Repeating records: the portal shows one id at several starts, and each occurrence is an appointment of its own.

A move looks the same for some seconds: the id is on the old day and on the new one. An id therefore repeats when
two starts with it are shown in two reads of both, more than a settling time apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta

from engine.appointment import Appointment

#: How long the portal may show a move at both places. `schedule_appointments.portal_appointment_id` relies on the
#: same time.
SETTLE = timedelta(seconds=10)

#: An occurrence's id: the portal's id and the local start.
_OCCURRENCE = re.compile(r"(?P<portal_id>.*)@\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.DOTALL)


def as_occurrence(appointment: Appointment) -> Appointment:
    """The appointment with an id of its own; one that has such an id stays unchanged."""
    if is_occurrence(appointment.neo_appointment_id):
        return appointment
    start = appointment.start_time.isoformat("seconds" if appointment.start_time.second else "minutes")
    return replace(appointment, neo_appointment_id=f"{appointment.neo_appointment_id}@{appointment.date}T{start}")


def is_occurrence(appointment_id: str) -> bool:
    return "@" in appointment_id and _OCCURRENCE.fullmatch(appointment_id) is not None


def portal_id(appointment_id: str) -> str:
    """The portal's own id."""
    found = _OCCURRENCE.fullmatch(appointment_id)
    return appointment_id if found is None else found["portal_id"]


def occurrences(appointments: Iterable[Appointment], repeating: Collection[str]) -> tuple[Appointment, ...]:
    """The appointments; those with repeating ids as occurrences."""
    return tuple(as_occurrence(one) if one.neo_appointment_id in repeating else one for one in appointments)
