"""The types of `idexx_feed` are those of the published schemas."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from idexx_feed import Appointment, AppointmentChange, OfferChange, Place, Start
from idexx_feed.events import AppointmentChanges, OfferChanges, SnapshotPage
from pydantic import BaseModel

from actors.spec import appointment_events, feeds, offer_events
from actors.spec.examples import examples_of

SAME: list[tuple[type[msgspec.Struct], type[BaseModel]]] = [
    (Place, appointment_events.Place),
    (Appointment, feeds.FeedAppointment),
    (AppointmentChange, appointment_events.AppointmentChange),
    (Start, feeds.FeedStart),
    (OfferChange, offer_events.OfferChange),
]


@pytest.mark.parametrize(("struct", "model"), SAME)
def test_it_has_the_fields_of_its_schema(struct: type[msgspec.Struct], model: type[BaseModel]) -> None:
    fields = {field.name: field.required for field in msgspec.structs.fields(struct)}
    assert fields == {name: field.is_required() for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    ("struct", "model"),
    [
        (AppointmentChange, appointment_events.AppointmentChange),
        (OfferChange, offer_events.OfferChange),
        (SnapshotPage, feeds.SnapshotReply),
        (AppointmentChanges | OfferChanges, feeds.ChangesReply),
    ],
)
def test_it_reads_every_example_and_ignores_what_comes_later(struct: Any, model: type[BaseModel]) -> None:
    for example in examples_of(model):
        given = {**example, "a_field_of_next_year": 1}
        kind = struct
        if model is feeds.ChangesReply:
            kind = AppointmentChanges if example["feed"] == "appointment" else OfferChanges
        read = msgspec.json.decode(msgspec.json.encode(given), type=kind)
        again = msgspec.json.decode(msgspec.json.encode(read), type=kind)
        assert again == read
        assert getattr(read, "position", None) == example.get("position") or kind in (
            AppointmentChanges,
            OfferChanges,
        )
