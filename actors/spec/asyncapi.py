"""Builds the AsyncAPI 3 document of the subjects: requests, replies and events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel

from actors.messages import ALL, Subjects
from actors.requests import MAX_REQUEST_BYTES
from actors.spec.action_events import ActionTaken
from actors.spec.appointment_events import AppointmentChange
from actors.spec.commands import COMMANDS, Command
from actors.spec.events import SYNC_EVENTS, Rejected
from actors.spec.examples import examples_of
from actors.spec.offer_events import OfferChange
from actors.spec.replies import Refusal
from actors.spec.schemas import REQUESTS, SENT, definitions, is_request
from engine.action import Verb
from engine.clinic import SLUG
from engine.offer_change import OfferChangeKind

Object = dict[str, Any]

_AT = "#/components/schemas/"

_INTRODUCTION = (
    "Syncs of veterinary clinics' calendars from IDEXX Neo into PostgreSQL, requested "
    f"and followed over NATS.\n\nRequests are JSON objects of at most {MAX_REQUEST_BYTES} "
    "bytes, validated strictly: an unknown field is refused. A refused request gets a "
    "reply with the headers Nats-Service-Error-Code and Nats-Service-Error; if it has no "
    "reply subject, the refusal is an event. A request without a reply subject is "
    "processed like any other. Later versions may add fields to replies and events: "
    "ignore unknown fields. Times are RFC 3339 in UTC; dates are days of the clinic's "
    "calendar. No message contains names, phone numbers, notes, passwords or cookies. "
    "The prefix `idexx` is the default of SUBJECT_PREFIX.\n"
)

_REQUEST_HEADERS: Object = {
    "type": "object",
    "properties": {
        "traceparent": {"type": "string", "description": "W3C Trace Context; the sync's spans join this trace."},
        "Idexx-User": {
            "type": "string",
            "description": "Who acts, as the client states; recorded with the action.",
        },
    },
}
_REFUSAL_HEADERS: Object = {
    "type": "object",
    "required": ["Nats-Service-Error-Code", "Nats-Service-Error"],
    "properties": {
        "Nats-Service-Error-Code": {"type": "string", "pattern": "^[45]\\d\\d$"},
        "Nats-Service-Error": {"type": "string", "description": "The message, as one line of ASCII."},
    },
}
_EVENT_HEADERS: Object = {
    "type": "object",
    "required": ["Nats-Msg-Id"],
    "properties": {"Nats-Msg-Id": {"type": "string", "description": "The same for each copy of an event."}},
}


def document(subjects: Subjects | None = None) -> Object:
    """Returns the AsyncAPI document; it has no external references."""
    named = subjects or Subjects()
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "idexx-sync", "version": version("idexx-sync"), "description": _INTRODUCTION},
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": _command_channels(named) | _event_channels(named),
        "operations": {command.verb: _answered(command) for command in COMMANDS} | _publications(),
        "components": {
            "messages": {model.__name__: _message(model) for model in (*REQUESTS, *SENT)},
            "schemas": definitions(at=_AT),
            "parameters": _parameters(),
            "securitySchemes": {
                "user": {
                    "type": "userPassword",
                    "description": "`idexx-sync nats-config` creates one for each clinic.",
                }
            },
        },
    }


def _servers() -> Object:
    return {
        "nats": {
            "host": "{host}:{port}",
            "protocol": "nats",
            "description": "NATS_URL; nats-server with JetStream.",
            "variables": {"host": {"default": "localhost"}, "port": {"default": "4222"}},
            "security": [_ref("securitySchemes", "user")],
        }
    }


def _parameters() -> Object:
    return {
        "clinic": {"description": f"The clinic's slug: {SLUG.pattern}.", "examples": ["elm-street"]},
        "clinicOrAll": {
            "description": f"The clinic's slug, or `{ALL}` for every clinic.",
            "examples": ["elm-street", ALL],
        },
        "syncId": {"description": "The sync's UUID.", "examples": ["1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa"]},
        "event": {"description": "The kind of the event.", "enum": [event.value for event in SYNC_EVENTS]},
        "kind": {
            "description": "The kind of the change.",
            "enum": ["added", "updated", "moved", "removed", "restored"],
        },
        "offerKind": {
            "description": "What happened to the start.",
            "enum": [kind.value for kind in OfferChangeKind],
        },
        "verb": {"description": "What was done.", "enum": [verb.value for verb in Verb]},
    }


def _command_channels(subjects: Subjects) -> Object:
    channels: Object = {}
    for command in COMMANDS:
        clinic = "clinicOrAll" if command.clinic_may_be_all else "clinic"
        channels[command.verb] = {
            "address": subjects.command(command.verb, "{clinic}"),
            "description": f"{command.summary}.",
            "parameters": {"clinic": _ref("parameters", clinic)},
            "messages": _messages([command.request]),
        }
        channels[f"{command.verb}Reply"] = {
            "address": None,
            "description": "The reply subject of the request.",
            "messages": _messages([command.reply, Refusal]),
        }
    return channels


def _event_channels(subjects: Subjects) -> Object:
    stream = f"Kept for 7 days in the stream {subjects.event_stream}."
    clinic = {"clinic": _ref("parameters", "clinic")}
    return {
        "syncEvents": {
            "address": subjects.sync_event("{clinic}", "{sync_id}", "{event}"),
            "description": f"The progress of a sync. The last event states how it ended. {stream}",
            "parameters": clinic | {"sync_id": _ref("parameters", "syncId"), "event": _ref("parameters", "event")},
            "messages": _messages(SYNC_EVENTS.values()),
        },
        "appointmentChanges": {
            "address": subjects.appointment("{clinic}", "{kind}"),
            "description": f"Changes of appointments. {stream}",
            "parameters": clinic | {"kind": _ref("parameters", "kind")},
            "messages": _messages([AppointmentChange]),
        },
        "offerChanges": {
            "address": subjects.offer("{clinic}", "{kind}"),
            "description": f"Changes of what a clinic offers to callers. {stream}",
            "parameters": clinic | {"kind": _ref("parameters", "offerKind")},
            "messages": _messages([OfferChange]),
        },
        "actions": {
            "address": subjects.action("{clinic}", "{verb}"),
            "description": f"What callers of the HTTP API and operators have done. {stream}",
            "parameters": clinic | {"verb": _ref("parameters", "verb")},
            "messages": _messages([ActionTaken]),
        },
        "rejections": {
            "address": subjects.rejected("{clinic}"),
            "description": f"Refusals of requests without a reply subject and of scheduled syncs. {stream}",
            "parameters": clinic,
            "messages": _messages([Rejected]),
        },
    }


def _answered(command: Command) -> Object:
    asked, answered = command.verb, f"{command.verb}Reply"
    return {
        "action": "receive",
        "summary": command.summary,
        "channel": {"$ref": f"#/channels/{asked}"},
        "messages": _messages_of(asked, [command.request]),
        "bindings": {"nats": {"queue": "q", "bindingVersion": "0.1.0"}},
        "reply": {
            "channel": {"$ref": f"#/channels/{answered}"},
            "messages": _messages_of(answered, [command.reply, Refusal]),
        },
    }


def _publications() -> Object:
    sent: dict[str, Sequence[type[BaseModel]]] = {
        "syncEvents": list(SYNC_EVENTS.values()),
        "appointmentChanges": [AppointmentChange],
        "offerChanges": [OfferChange],
        "actions": [ActionTaken],
        "rejections": [Rejected],
    }
    return {
        channel: {
            "action": "send",
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": _messages_of(channel, models),
        }
        for channel, models in sent.items()
    }


def _message(model: type[BaseModel]) -> Object:
    name = model.__name__
    return {
        "name": name,
        "title": name,
        "summary": " ".join((model.__doc__ or "").split()),
        "headers": _headers(model),
        "payload": {"$ref": f"{_AT}{name}"},
        "examples": [
            {"name": f"{name}{number}", "payload": payload} for number, payload in enumerate(examples_of(model), 1)
        ],
    }


def _headers(model: type[BaseModel]) -> Object:
    if model is Refusal:
        return _REFUSAL_HEADERS
    if model in (*SYNC_EVENTS.values(), AppointmentChange, OfferChange, ActionTaken, Rejected):
        return _EVENT_HEADERS
    return _REQUEST_HEADERS if is_request(model) else {"type": "object"}


def _messages(models: Iterable[type[BaseModel]]) -> Object:
    return {model.__name__: _ref("messages", model.__name__) for model in models}


def _messages_of(channel: str, models: Iterable[type[BaseModel]]) -> list[Object]:
    return [{"$ref": f"#/channels/{channel}/messages/{model.__name__}"} for model in models]


def _ref(kind: str, name: str) -> Object:
    return {"$ref": f"#/components/{kind}/{name}"}
