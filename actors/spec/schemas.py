"""JSON Schemas (draft 2020-12) of everything that is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from actors.messages import Request
from actors.spec.commands import COMMANDS
from actors.spec.events import SYNC_EVENTS, AppointmentChange, Rejected
from actors.spec.replies import Refusal
from actors.spec.values import Told
from actors.spec.webhooks import SyncEnded, WebhookTest

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

#: What a client sends.
REQUESTS: Final[Sequence[type[Request]]] = tuple(dict.fromkeys(command.request for command in COMMANDS))
#: What it gets on NATS.
TOLD: Final[Sequence[type[Told]]] = (
    *dict.fromkeys(command.reply for command in COMMANDS),
    Refusal,
    *SYNC_EVENTS.values(),
    AppointmentChange,
    Rejected,
)
#: What its webhook gets.
WEBHOOKS: Final[Sequence[type[Told]]] = (SyncEnded, WebhookTest)


def definitions(models: Iterable[type[BaseModel]] = (*REQUESTS, *TOLD), at: str = "#/$defs/") -> dict[str, Schema]:
    """The schemas of the models, and of all that they are made of, by name; `at` is where they refer to each other."""
    _, page = models_json_schema(
        [(model, "validation") for model in models], ref_template=at + "{model}", schema_generator=_Generator
    )
    found: dict[str, Schema] = page.get("$defs", {})
    return dict(sorted(found.items()))


def closed(schemas: dict[str, Schema]) -> dict[str, Schema]:
    """The same, allowing no field that is not told: for ourselves. Clients must ignore what they do not know."""
    return {name: {"additionalProperties": False, **schema} for name, schema in schemas.items()}


def page() -> Schema:
    """One schema for everything: a reference into its `$defs` is the schema of a message."""
    return {
        "$schema": DIALECT,
        "title": "The messages of idexx-sync",
        "description": "Requests take no other field. Replies and events may get more fields: ignore what is new.",
        "$defs": definitions((*REQUESTS, *TOLD, *WEBHOOKS)),
    }


def is_request(model: type[BaseModel]) -> bool:
    return issubclass(model, Request)


class _Generator(GenerateJsonSchema):
    """Without titles that only repeat a field's name, and without null as a default, which only says that the field may
    be missing. A row of the database is always told with all of its fields."""

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
