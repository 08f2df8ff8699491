"""Statements as spans show them."""

from __future__ import annotations

import pytest

from actors.observability.query_summary import MAX_SUMMARY, shown, summary


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select slug from clinics c join x on true", "SELECT clinics"),
        ("-- why from here\nselect 1", "SELECT"),
        ("BEGIN;", "BEGIN"),
        ("update clinics set name = $1", "UPDATE clinics"),
        ("select id from syncs for update of syncs skip locked", "SELECT syncs"),
        ("select id from syncs for no key update", "SELECT syncs"),
        ("insert into a (x) values (1)\non conflict do update set x = 1", "INSERT a"),
        (
            "with d as (delete from public.a returning *) insert\n  into b select * from d",
            "DELETE public.a INSERT b",
        ),
        ("insert into a select 1; insert into a select 2", "INSERT a"),
    ],
)
def test_a_statement_is_summarized_as_what_it_changes_or_reads(query: str, expected: str) -> None:
    assert summary(query) == expected


def test_a_summary_ends_after_a_whole_table() -> None:
    found = summary(" ".join(f"insert into table_number_{number};" for number in range(40)))
    assert len(found) <= MAX_SUMMARY
    assert found.startswith("INSERT table_number_0 INSERT table_number_1")
    assert found.rpartition("_")[2].isdigit()


def test_a_comment_is_not_shown() -> None:
    assert shown("-- Counts\n/* all\nof them */ select\n  count(*)  from a") == "select count(*) from a"
