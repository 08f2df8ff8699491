"""The statements that write appointments name the same columns: one that was forgotten would keep an old value."""

from __future__ import annotations

import re

import pytest

from engine.appointment import REFERENCES
from engine.store.reconciling import appointments

TEXTS = appointments.SQL

#: What a scrape says of an appointment, besides its id, its date and its references.
SEEN = {*appointments._COLUMNS, "sync_hash"} - {"neo_appointment_id"}

#: The references, and the hash over them.
REFERRED = {*REFERENCES, "references_hash"}

#: A statement that updates appointments, and what it sets besides.
UPDATES = {
    "bring_to_date": {*REFERRED, "date"},
    "change_on_date": REFERRED,
    "follow_sightings": {"date"},
    "undo_sync": {*REFERRED, "date"},
}

#: Columns with which a statement notes when and how it wrote.
OWN = {"last_synced_at", "appeared_at", "missing_since", "deleted_at", "removal_proof", "removal_reason"}


@pytest.mark.parametrize("name", UPDATES)
def test_each_update_of_appointments_sets_the_same_columns(name: str) -> None:
    [assignments] = re.findall(
        r"update public\.schedule_appointments a set(.*?)\n    from ", TEXTS[name], re.DOTALL
    )
    columns = set(re.findall(r"(?:^|,)\s*(\w+) = ", assignments))
    assert columns - OWN == SEEN | UPDATES[name]


def test_a_new_appointment_gets_its_columns_in_their_order() -> None:
    [(columns, values)] = re.findall(
        r"insert into public\.schedule_appointments \((.*?)\)\s+select (.*?)\s+from incoming",
        TEXTS["bring_to_date"],
        re.DOTALL,
    )
    named, given = ([each.strip() for each in text.split(",")] for text in (columns, values))
    assert set(named) - OWN == SEEN | REFERRED | {"clinic_id", "date", "neo_appointment_id"}
    arguments = {"clinic_id": "$1", "date": "$4::date", "last_synced_at": "$3", "appeared_at": "$3"}
    assert [value.removeprefix("s.") for value in given] == [arguments.get(name, name) for name in named]
