"""The documents that other programs read: complete, well-formed, and checked in as they are printed."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel

from actors.gateway.commands import Commands
from actors.messages import Subjects
from actors.requests import Request
from actors.spec import asyncapi
from actors.spec.commands import COMMANDS
from actors.spec.events import SYNC_EVENTS
from actors.spec.examples import examples_of
from actors.spec.schemas import REQUESTS, SENT, WEBHOOKS, page
from engine.events import Event
from ops.cli import main, spec_documents
from tests.spec.hearing import faults

CHECKED_IN = Path(__file__).parent.parent.parent / "docs/spec"


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in it."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from nodes(each)


def resolve(document: Any, reference: str) -> Any:
    for word in reference.removeprefix("#/").split("/"):
        document = document[word]
    return document


@pytest.mark.parametrize("name", spec_documents.NAMES)
def test_what_is_checked_in_is_what_is_printed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spec", name]) == 0
    printed = capsys.readouterr().out
    assert (CHECKED_IN / f"{name}.json").read_text() == printed, "run `idexx-sync spec --write docs/spec`"


def test_all_of_them_are_written_into_a_folder(tmp_path: Path) -> None:
    assert main(["spec", "--write", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {path.name for path in CHECKED_IN.iterdir()}
    assert main(["spec", "schemas", "--write", str(tmp_path / "one")]) == 0
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["schemas.json"]


def test_the_asyncapi_document_is_well_formed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it names a field of its own like one of pydantic's
        from asyncapi3.models import AsyncAPI3
    AsyncAPI3.model_validate(asyncapi.document())


@pytest.mark.parametrize("name", spec_documents.NAMES)
def test_every_reference_leads_somewhere(name: str) -> None:
    document = spec_documents.document(name)
    references = [node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)]
    assert references
    for reference in references:
        assert resolve(document, reference), reference


def test_every_served_command_is_documented_and_no_other() -> None:
    answered = Commands.by_verb(object.__new__(Commands))
    assert set(answered) == {command.verb for command in COMMANDS}


def test_every_event_is_documented() -> None:
    assert list(SYNC_EVENTS) == list(Event)


def test_every_channel_names_its_parameters_and_its_address_is_a_subject_of_ours() -> None:
    document = asyncapi.document(Subjects("other"))
    for name, channel in document["channels"].items():
        if channel["address"] is not None:
            assert channel["address"].startswith("other."), name
            assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"]), name


@pytest.mark.parametrize("model", [*REQUESTS, *SENT, *WEBHOOKS])
def test_every_message_has_examples_that_are_as_its_schema_says(model: type[BaseModel]) -> None:
    assert examples_of(model)
    for example in examples_of(model):
        assert faults(example, model) == []
        if issubclass(model, Request):
            model.model_validate_json(json.dumps(example))


def test_the_schemas_are_of_their_dialect_and_open_to_fields_that_come_later() -> None:
    schemas = page()
    jsonschema_rs.meta.validate(schemas)
    for model in (*SENT, *WEBHOOKS):
        [example, *_] = examples_of(model)
        validator = jsonschema_rs.validator_for({**schemas, "$ref": f"#/$defs/{model.__name__}"})
        assert validator.is_valid({**example, "a_field_of_next_year": 1}), model
        assert not validator.is_valid({}), model
