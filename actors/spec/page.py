"""The generated parts of docs/interface.md, each between two marks in the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from pydantic import BaseModel

from actors.messages import Subjects
from actors.spec.action_events import ActionTaken
from actors.spec.appointment_events import AppointmentChange
from actors.spec.commands import COMMANDS
from actors.spec.events import SYNC_EVENTS, SyncEvent
from actors.spec.offer_events import OfferChange
from actors.spec.refusals import REFUSALS
from engine.offer.rule_words import WORDS

_PART = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Returns the page with its generated parts replaced. Raises `KeyError` for a mark with an unknown name."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}\n{part[3]}", page)


def _commands() -> str:
    subjects = Subjects()
    return _table(
        ("subject", "request", "reply, besides `ok`"),
        (
            (
                f"`{subjects.command(command.verb, '<clinic>')}`"
                + (" (or `_all`)" if command.clinic_may_be_all else ""),
                _fields(command.request),
                _fields(command.reply, without={"ok"}),
            )
            for command in COMMANDS
        ),
    )


def _common() -> str:
    return _meanings(SyncEvent)


def _sync_events() -> str:
    rows = []
    for event, model in SYNC_EVENTS.items():
        own = _fields(model, without=SyncEvent.model_fields)
        rows.append((f"`{event}`", _sentence(model), own))
    return _table(("event", "meaning", "fields, besides the common ones"), rows)


def _changes() -> str:
    return _meanings(AppointmentChange)


def _offers() -> str:
    return _meanings(OfferChange)


def _actions() -> str:
    return _meanings(ActionTaken)


def _refusals() -> str:
    return _table(
        ("code", "reason", "when"),
        ((str(error.code), f"`{error.reason}`", when) for error, when in REFUSALS.items()),
    )


def _rules() -> str:
    return _table(
        ("rule", "what it looks at", "it forbids a start"),
        ((f"`{rule}`", words.title, words.against) for rule, words in WORDS.items()),
    )


PARTS: dict[str, Callable[[], str]] = {
    "commands": _commands,
    "common": _common,
    "events": _sync_events,
    "changes": _changes,
    "offers": _offers,
    "actions": _actions,
    "refusals": _refusals,
    "rules": _rules,
}


def _meanings(model: type[BaseModel]) -> str:
    return _table(
        ("field", "meaning"),
        ((f"`{name}`", field.description or "") for name, field in model.model_fields.items()),
    )


def _fields(model: type[BaseModel], without: Iterable[str] = ()) -> str:
    """Returns the fields' names; a name with `?` is optional."""
    named = [(name, field) for name, field in model.model_fields.items() if name not in set(without)]
    return ", ".join(f"`{name}`" + ("" if field.is_required() else "?") for name, field in named)


def _sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
