"""Converts snapshots to and from rows of `schedule_snapshots`.

Workers of two versions share the table while an update is rolled out. `appointments` and `proof` keep the names
that the previous version knows, since it refuses others; newer data is in columns of its own, which may be empty.
Names that this version does not know are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from engine.appointment import REFERENCES, Appointment
from engine.snapshot import LeftOutRecord, Proof, Snapshot
from engine.warnings import SyncWarning


@dataclass(frozen=True, slots=True)
class SnapshotColumns:
    """The JSON texts of a snapshot, one for each column."""

    appointments: str
    proof: str
    warnings: str
    left_out: str
    appointment_references: str


def to_columns(snapshot: Snapshot) -> SnapshotColumns:
    return SnapshotColumns(
        json.dumps([_without_references(appointment) for appointment in snapshot.appointments]),
        json.dumps(asdict(snapshot.proof), default=str),
        json.dumps([warning.to_json() for warning in snapshot.warnings]),
        json.dumps([asdict(record) for record in snapshot.left_out]),
        json.dumps(
            {one.neo_appointment_id: one.references for one in snapshot.appointments if one.references_hash}
        ),
    )


def from_row(row: Mapping[str, Any]) -> Snapshot:
    references = json.loads(row["appointment_references"])
    return Snapshot(
        row["date"],
        row["scraped_at"],
        tuple(
            Appointment.from_json(record | references.get(record["neo_appointment_id"], {}))
            for record in json.loads(row["appointments"])
        ),
        _proof(json.loads(row["proof"])),
        tuple(SyncWarning.from_json(warning) for warning in json.loads(row["warnings"])),
        tuple(LeftOutRecord(**_known(LeftOutRecord, record)) for record in json.loads(row["left_out"])),
        row["stored_at"],
    )


def _without_references(appointment: Appointment) -> dict[str, Any]:
    return {name: value for name, value in appointment.to_json().items() if name not in REFERENCES}


def _proof(record: dict[str, Any]) -> Proof:
    return Proof(
        **_known(Proof, record)
        | {
            "asked_from": date.fromisoformat(record["asked_from"]),
            "asked_to": date.fromisoformat(record["asked_to"]),
        }
    )


def _known(cls: Any, record: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.name for each in fields(cls)}
    return {name: value for name, value in record.items() if name in names}
