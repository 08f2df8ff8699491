"""A clinic's rules as a TOML file: read and written without a difference, and refused with every problem."""

from __future__ import annotations

import string
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.offer.invalid_rules import InvalidRules
from engine.offer.portal_names import PortalNames
from engine.offer.rules import (
    BookableWindow,
    ClinicRules,
    ClosedDay,
    ConflictRule,
    RecurringBlock,
    TypeRule,
    changes_between,
)
from engine.offer.rules_document import document_of, path_of, rules_of
from engine.offer.rules_edit import RuleEdits
from engine.offer.rules_file import read_file, write_file

PORTAL = PortalNames(
    {"1": "Exam 1", "2": "Exam 2", "3": "Dr. Who", "4": "Dr. Who"}, {"Dental": "7", "Tech appointment": "9"}
)

#: Characters that TOML, or a careless writer of it, could stumble on.
WORDS = st.text(string.ascii_letters + " \"'\\#=[]{}.,é💉", min_size=1, max_size=12).map(str.strip).filter(bool)
IDS = st.lists(WORDS, min_size=1, max_size=3, unique=True).map(tuple)
MINUTES = st.integers(1, 1440)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[int, int]:
    start = draw(st.integers(0, 1439))
    return start, draw(st.integers(start + 1, 1440))


@st.composite
def rules(draw: st.DrawFn) -> ClinicRules:
    windows = [BookableWindow(day, *draw(ranges())) for day in draw(st.sets(st.integers(0, 6)))]
    days = st.one_of(st.none(), st.integers(0, 6))
    blocks = st.builds(lambda day, time, why: RecurringBlock(day, time[0], time[1], why), days, ranges(), WORDS)
    about = st.tuples(st.none() | MINUTES, st.booleans(), st.none() | IDS).filter(
        lambda one: one != (None, True, None)
    )
    types = draw(st.dictionaries(WORDS.map(str.casefold).filter(lambda name: name != "block"), about, max_size=3))
    closed = draw(st.dictionaries(st.dates(), WORDS, max_size=3))
    return ClinicRules(
        columns=draw(st.none() | IDS),
        grid_minutes=draw(st.none() | MINUTES),
        default_minutes=draw(st.none() | MINUTES),
        notice_minutes=draw(st.none() | st.integers(0, 527_040)),
        horizon_days=draw(st.none() | st.integers(1, 366)),
        max_age_seconds=draw(st.none() | st.integers(60, 31_622_400)),
        conflicts=draw(st.none() | st.sampled_from(ConflictRule)),
        bookable=tuple(windows),
        blocks=tuple(draw(st.lists(blocks, max_size=4, unique=True))),
        closed_days=tuple(ClosedDay(day, why) for day, why in closed.items()),
        types=tuple(TypeRule(name, *one) for name, one in types.items()),
    )


@settings(max_examples=20)
@given(rules(), st.dictionaries(WORDS, st.text(max_size=8), max_size=3))
def test_what_was_exported_is_imported_without_a_difference(exported: ClinicRules, names: dict[str, str]) -> None:
    text = write_file(exported, "What Cedar Creek offers.", names)
    imported = read_file(text)
    assert changes_between(exported, imported) == []
    assert write_file(imported, "What Cedar Creek offers.", names) == text
    assert rules_of(document_of(exported)) == exported.in_order()


FORGIVING = """
columns = ["Exam 1", "2"]
grid = 30
notice = 90
horizon = "60d"
[bookable]
mon-fri = ["9:00-10:30", "14:00-16:30"]
sat = ["09:00-12:00"]
[[blocked]]
time = "12:00-14:00"
reason = "Lunch"
[closed]
2026-12-24 = "Christmas Eve"
[types."tech appointment"]
counts = false
[types.7]
length = "45min"
columns = ["exam 2"]
"""


def test_names_and_short_forms_are_understood() -> None:
    found = PORTAL.resolve(read_file(FORGIVING), ClinicRules())
    assert (found.columns, found.grid_minutes, found.notice_minutes) == (("1", "2"), 30, 90)
    assert found.types == (TypeRule("Dental", 45, True, ("2",)), TypeRule("Tech appointment", None, False))
    assert found.closed_days == (ClosedDay(date(2026, 12, 24), "Christmas Eve"),)
    assert found.blocks == (RecurringBlock(None, 720, 840, "Lunch"),)
    assert [one.weekday for one in found.bookable] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6]


WRONG = """
columns = []
gridd = 5
grid = "1x"
length = 2000
horizon = "90min"
conflicts = "ask"
[bookable]
mon-fri = ["9:00-10:30", "10:15-11:30", "9-10", "12:00-11:00", "12:00-24:30"]
friday = ["09:00-10:00"]
funday = []
[[blocked]]
weekdays = ["mon", "monday"]
reason = "Lunch\\nbreak"
[closed]
2026-13-24 = ""
[types.Block]
counts = false
[types.A]
[types.B]
counts = "no"
"""

PROBLEMS = [
    "gridd: is not a rule; did you mean 'grid'?",
    "grid: '1x' is not a duration; write a number and a unit, such as \"30 min\"",
    "length: '2000' is outside the limits; from 1 min to 1 d",
    "horizon: '90min' is outside the limits; from 1 d to 366 d",
    'columns: [] is not a list of names; write ["…", "…"], or leave columns out',
    "conflicts: 'ask' is not a choice; write 'move' or 'mark'",
    "bookable.mon-fri: '9-10' is not a time of day; write it as \"09:00-10:30\"",
    "bookable.mon-fri: '12:00-11:00' ends before it starts, or at once; write the earlier time first",
    "bookable.mon-fri: '12:00-24:30' ends after 24:00; a range ends on the day on which it starts",
    "bookable.mon-fri: two windows overlap at 10:15; join them to one",
    "bookable.friday: sets friday, which 'mon-fri' sets as well; keep one of them",
    'bookable.funday: \'funday\' is not a weekday; write "monday", "mon", a range such as "mon-fri", or "daily"',
    "blocked[1].reason: 'Lunch\\nbreak' has a line break or another control character; write one line",
    "blocked[1].time: is missing",
    "blocked[1].weekdays: monday is listed twice; keep one",
    "closed.2026-13-24: '2026-13-24' is not a date; write it as \"2026-12-24\"",
    "types.Block: is not a type of appointment: a block always takes its time; leave it out",
    "types.A: says nothing; set counts = false, length or columns, or leave it out",
    "types.B.counts: 'no' is neither true nor false; write false if it takes no column",
]


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    with pytest.raises(InvalidRules) as refused:
        read_file(WRONG)
    assert list(refused.value.problems) == PROBLEMS
    with pytest.raises(InvalidRules, match=r"not TOML.*line 2"):
        read_file("grid = 30\ncolumns = [,]")


def test_what_the_portal_does_not_have_is_refused_with_what_it_has() -> None:
    edits = RuleEdits({"columns": ["1", "exam 1", "Surgery", "dr. who"]}, uncounted=["Grooming"])
    with pytest.raises(InvalidRules) as refused:
        PORTAL.resolve(edits.apply(ClinicRules()), ClinicRules())
    assert list(refused.value.problems) == [
        "columns: the portal has no column 'Surgery'; it has 1 (Exam 1), 2 (Exam 2), 3 (Dr. Who), 4 (Dr. Who)",
        "columns: 'dr. who' is the name of 3 and 4; write the id",
        "columns: '1' is listed twice, by id or name; keep one",
        "types.Grooming: the portal has no type 'Grooming'; it has Dental, Tech appointment",
    ]
    gone = ClinicRules(columns=("old",), types=(TypeRule("Gone", 30),))
    assert PORTAL.resolve(gone, gone) == gone  # a rule that is there already stays


EDITED: list[tuple[dict[str, Any], set[str]]] = [
    ({"values": {"grid": "20"}}, {"grid"}),
    ({"bookable": ["mon none", "sun 10:00-12:00"]}, {"bookable.monday", "bookable.sunday"}),
    ({"blocked": ["mon-tue 8:00-8:30 Team meeting"]}, {"blocked.monday", "blocked.tuesday"}),
    ({"closed": ["2026-12-25"]}, {"closed.2026-12-25"}),
    ({"uncounted": ["7"], "lengths": ["TECH appointment = 20 min"]}, {"types.7", "types.tech appointment"}),
    ({"type_columns": ["7=1,2"]}, {"types.7"}),
    ({"unset": ["grid", "blocked.12:00-14:00", "types.7"]}, {"grid", "blocked.daily", "types.7"}),
    ({"unset": ["closed_days/2026-12-24", "recurring_blocks/*"]}, {"closed.2026-12-24", "blocked.daily"}),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "changed"), EDITED, ids=[next(iter(edits)) for edits, _ in EDITED])
def test_an_option_changes_its_rule_only(edits: dict[str, Any], changed: set[str]) -> None:
    before = read_file(FORGIVING)
    assert {path_of(one.rule) for one in changes_between(before, RuleEdits(**edits).apply(before))} == changed


def test_options_that_cannot_be_understood_are_all_named() -> None:
    with pytest.raises(InvalidRules) as refused:
        RuleEdits(unset=["notice"], bookable=["mon"], blocked=["daily"], lengths=["Dental"]).apply(
            ClinicRules(grid_minutes=30)
        )
    assert list(refused.value.problems) == [
        "notice: is not set; what is set: grid",
        "bookable: 'mon' has no times; write 'mon-fri 09:00-10:30 14:00-16:30', or 'sun none'",
        "blocked: 'daily' has no time; write 'daily 12:00-14:00 Lunch'",
        "type-length: 'Dental' has no '='; write 'Dental=45 min'",
    ]
