"""Builds the JSON Schemas (draft 2020-12) of all messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from actors.requests import Request
from actors.spec.action_events import ActionTaken
from actors.spec.appointment_events import AppointmentChange
from actors.spec.commands import COMMANDS
from actors.spec.events import SYNC_EVENTS, Rejected
from actors.spec.offer_events import OfferChange
from actors.spec.replies import Refusal
from actors.spec.values import SentMessage
from actors.spec.webhooks import NeedsAttention, SyncEnded, WebhookTest

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

#: What a client sends.
REQUESTS: Final[Sequence[type[Request]]] = tuple(dict.fromkeys(command.request for command in COMMANDS))
#: What it gets on NATS.
SENT: Final[Sequence[type[SentMessage]]] = (
    *dict.fromkeys(command.reply for command in COMMANDS),
    Refusal,
    *SYNC_EVENTS.values(),
    AppointmentChange,
    OfferChange,
    ActionTaken,
    Rejected,
)
#: What its webhook gets.
WEBHOOKS: Final[Sequence[type[SentMessage]]] = (SyncEnded, NeedsAttention, WebhookTest)


def definitions(models: Iterable[type[BaseModel]] = (*REQUESTS, *SENT), at: str = "#/$defs/") -> dict[str, Schema]:
    """Returns the schemas of the models and of their parts by name; `at` is the location of references to them."""
    _, page = models_json_schema(
        [(model, "validation") for model in models], ref_template=at + "{model}", schema_generator=_Generator
    )
    found: dict[str, Schema] = page.get("$defs", {})
    return dict(sorted(found.items()))


def closed(schemas: dict[str, Schema]) -> dict[str, Schema]:
    """Returns the same schemas without unknown fields allowed, for tests. Clients must ignore unknown fields."""
    return {name: {"additionalProperties": False, **schema} for name, schema in schemas.items()}


def page() -> Schema:
    """Returns one schema for all messages: a message's schema is a reference into its `$defs`."""
    return {
        "$schema": DIALECT,
        "title": "The messages of idexx-sync",
        "description": "Requests allow no unknown fields. Replies and events may get more fields in later "
        "versions: ignore unknown ones.",
        "$defs": definitions((*REQUESTS, *SENT, *WEBHOOKS)),
    }


def is_request(model: type[BaseModel]) -> bool:
    return issubclass(model, Request)


class _Generator(GenerateJsonSchema):
    """Removes titles that only repeat a field's name, and null defaults, which only state that the field is
    optional. A message built from a database row always has all fields.
    """

    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if found.get("default", 0) is None:
            del found["default"]
        return found

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        return field["type"] == "dataclass-field" or super().field_is_required(field, total)
