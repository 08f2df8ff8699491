"""A reader of every difference has the same state as a late reader that gets the whole at once."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.http.state_diff import LISTS, NOTHING, Parts, difference, of_clinic, parts_of

SLUGS = st.sampled_from("abc")


def lists_of(name: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    elements = st.fixed_dictionaries({name: SLUGS, "value": st.none() | st.integers(0, 1)})
    return st.lists(elements, unique_by=lambda element: element[name])


OVERVIEWS = st.fixed_dictionaries(
    {
        "ok": st.just(True),
        "at": st.integers(0, 3),
        "breaker": st.sampled_from(["open", "closed"]),
        **{field: lists_of(name) for field, name in LISTS.items()},
    },
    optional={"budget": st.none()},
)


def applied(known: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """As the page does it."""
    now = known | {field: value for field, value in sent.items() if field not in (*LISTS, "gone")}
    for field, name in LISTS.items():
        elements = {one[name]: one for one in known.get(field, [])} | {
            one[name]: one for one in sent.get(field, [])
        }
        gone = sent.get("gone", {}).get(field, [])
        now[field] = [elements[key] for key in sorted(elements.keys() - set(gone))]
    return now


def as_known(overview: dict[str, Any]) -> dict[str, Any]:
    known = {field: value for field, value in overview.items() if field != "ok"}
    return known | {field: sorted(known[field], key=lambda one: str(one[name])) for field, name in LISTS.items()}


@given(st.lists(OVERVIEWS, min_size=1), st.data())
def test_differences_add_up_to_the_whole(overviews: list[dict[str, Any]], data: st.DataObject) -> None:
    known: dict[str, Any] = {}
    sent = parts = NOTHING
    fields: set[str] = set()
    for overview in overviews:
        overview |= {"budget": None} if "budget" in fields else {}  # a field that was sent stays
        fields |= overview.keys()
        parts = parts_of(overview, parts)
        if data.draw(st.booleans()):  # a slow reader skips some
            known, sent = applied(known, difference(sent, parts)), parts
    known = applied(known, difference(sent, parts))
    assert known == as_known(overviews[-1])


@given(OVERVIEWS)
def test_unchanged_parts_are_not_sent_again(overview: dict[str, Any]) -> None:
    parts = parts_of(overview)
    assert difference(parts, parts_of(overview, parts)) == {}
    assert difference(NOTHING, parts).keys() == overview.keys() - {"ok"}


def test_a_reader_of_one_clinic_gets_what_needs_a_person_there_and_only_its_changes() -> None:
    def parts(*clinics: str | None, before: Parts = NOTHING) -> Parts:
        items = [{"key": str(clinic), "clinic": clinic} for clinic in clinics]
        return parts_of({"at": 1, "attention": items}, before)

    first = parts(None, "elm", "oak")
    later = parts("elm", before=first)
    assert difference(NOTHING, of_clinic(first, "elm"))["attention"] == [{"key": "elm", "clinic": "elm"}]
    assert difference(of_clinic(first, "elm"), of_clinic(later, "elm")) == {}
    assert difference(of_clinic(first, "oak"), of_clinic(later, "oak")) == {"attention": []}
