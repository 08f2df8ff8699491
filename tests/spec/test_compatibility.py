"""What breaks clients since the last release is found, and named in the changelog."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ops.dev.interface_diff import breaking_changes, current, released
from tests.npm import needs_npm

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"

pytestmark = needs_npm

SENT, RECEIVED = "SyncReply", "SyncCommand"


def schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def breaks(nats: Any, http: Any) -> dict[str, Callable[[], object]]:
    """Changes that break clients, by the name that the changelog has to have."""
    reply, request = schema(nats, SENT), schema(nats, RECEIVED)
    query = http["paths"]["/api/idexx/free"]["get"]["parameters"]
    return {
        "syncReply SyncReply.position": lambda: reply["properties"].pop("position"),
        "syncReply SyncReply.is_new": lambda: reply["required"].remove("is_new"),
        "syncReply SyncReply.events": lambda: reply["properties"]["events"].update(type=["string", "null"]),
        "sync.dry_run": lambda: request["properties"].pop("dry_run"),
        "sync.request_id": lambda: request.setdefault("required", []).append("request_id"),
        "sync.days_ahead": lambda: request["properties"]["days_ahead"]["anyOf"][0].update(maximum=30),
        "plan": lambda: nats["channels"]["plan"].update(address="idexx.cmd.changes.{clinic}"),
        "GET /api/idexx/overview": lambda: http["paths"].pop("/api/idexx/overview"),
        "GET /api/idexx/free parameters.query type": lambda: next(
            one for one in query if one["name"] == "type"
        ).update(required=True),
    }


def harmless(nats: Any, http: Any) -> list[Callable[[], object]]:
    reply, request = schema(nats, SENT), schema(nats, RECEIVED)
    return [
        lambda: reply["properties"].update(later={"type": "string"}),
        lambda: reply["required"].append("later"),
        lambda: request["properties"].update(later={"type": "string"}),
        lambda: request["properties"]["days_ahead"]["anyOf"][0].update(maximum=90),
        lambda: schema(nats, "Reason")["enum"].append("a_later_reason"),
        lambda: reply.update(description="Other words."),
        lambda: http["paths"].update({"/api/idexx/later": http["paths"]["/api/idexx/overview"]}),
        lambda: nats["channels"].update(later={**nats["channels"]["plan"], "address": "idexx.cmd.later.{clinic}"}),
    ]


def test_each_change_that_breaks_clients_is_found_by_name_and_no_other() -> None:
    before = current()

    def changed() -> list[Any]:
        return copy.deepcopy(before)

    pairs = []
    for name in breaks(*before):
        documents = changed()
        breaks(*documents)[name]()
        pairs.append((before, documents))
    documents = changed()
    for edit in harmless(*documents):
        edit()
    *found, of_harmless = breaking_changes([*pairs, (before, documents)])
    for name, changes in zip(breaks(*before), found, strict=True):
        assert {change.name for change in changes} == {name}, name
    assert of_harmless == []


def test_the_changelog_names_what_breaks_clients_since_the_release() -> None:
    unreleased = CHANGELOG.read_text().partition("\n## Unreleased\n")[2].partition("\n## ")[0]
    section = unreleased.partition("\n### Breaking\n")[2].partition("\n### ")[0]
    named = set(re.findall(r"`([^`]+)`", " ".join(section.split())))
    [changes] = breaking_changes([(released(), current())])
    missing = {change.name for change in changes} - named
    assert not missing, (
        f"{sorted(missing)}: name each of them in CHANGELOG.md, Unreleased, under `### Breaking`, with what clients "
        "have to change (python -m ops.dev.interface_diff shows the places), or change the interface by additions only"
    )
