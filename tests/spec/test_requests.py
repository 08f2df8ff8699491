"""The schemas of requests say what the parser does: what the one allows, the other takes, and nothing else."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.requests import DatesRequest, Request, SyncCommand, parse
from actors.spec.schemas import REQUESTS
from engine.errors import BadRequest
from tests.spec.hearing import faults

#: Days that no schema can distinguish from others (out of our calendars, in the wrong order) are left out.
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, False, []]),
    st.sampled_from([-1, 0, 1, 14, 60, 61, 2**31 - 1, 2**31]),
    st.sampled_from(["", "2026-03-01", "2026-02-30", "a\x00b", "x" * 201, "evening", "14"]),
    st.sampled_from(["1e0b3f6e-9a55-4d0e-8f3c-2f0c52d6b7aa", "no-uuid"]),
)


def is_taken(model: type[Request], value: dict[str, Any]) -> bool:
    try:
        request = parse(model, json.dumps(value).encode())
        if isinstance(request, DatesRequest):
            request.dates(date(2026, 3, 1))
    except BadRequest:
        return False
    return True


@pytest.mark.parametrize("model", REQUESTS)
def test_a_request_is_taken_just_where_its_schema_allows_it(model: type[Request]) -> None:
    names = st.sampled_from([*model.model_fields, "daysAhead"])

    @given(st.dictionaries(names, VALUES, max_size=4))
    def holds(value: dict[str, Any]) -> None:
        assert is_taken(model, value) == (faults(value, model) == []), faults(value, model)

    holds()


@pytest.mark.parametrize(
    "value",
    [
        {"days_ahead": 14},
        {"start_date": "2026-03-01", "end_date": "2026-03-01"},
        {"days_ahead": 1, "start_date": None, "request_id": "evening", "dry_run": True},
    ],
)
def test_the_dates_of_a_sync_are_given_in_one_of_two_ways(value: dict[str, Any]) -> None:
    assert faults(value, SyncCommand) == []
    assert faults(value | {"end_date": "2026-03-02", "days_ahead": 2}, SyncCommand) != []


@pytest.mark.parametrize("again", ["15", "14", '"evening"'])
def test_a_field_that_is_given_twice_is_refused_and_named(again: str) -> None:
    with pytest.raises(BadRequest, match=r"^days_ahead: is given more than once; give it once$"):
        parse(SyncCommand, f'{{"days_ahead": 14, "dry_run": true, "days_ahead": {again}}}'.encode())
