"""The TOML file of a clinic's rules, with comments for the person who edits it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.offer.invalid_rules import InvalidRules
from engine.offer.rules import ClinicRules
from engine.offer.rules_document import document_of, rules_of

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

#: What stands behind the value of each rule.
_COMMENTS = {
    "grid": "the distance between two starts, counted from midnight",
    "length": "of an appointment whose type has none",
    "notice": "earlier starts are not offered",
    "horizon": "how many days are offered, today included",
    "max_age": "what was read from the portal longer ago is not offered",
    "conflicts": 'bookings whose slot the portal has filled: "move" or "mark"',
}


def read_file(text: str) -> ClinicRules:
    """Raises `InvalidRules` with every problem, or with the line at which the text is not TOML."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRules([f"the file is not TOML: {error}"]) from error
    return rules_of(document)


def write_file(rules: ClinicRules, about: str, names: Mapping[str, str]) -> str:
    """The text of a file. `about` is its first line; `names` are the columns' names by their ids, for comments."""
    document = document_of(rules)
    return "\n".join(
        [
            *(f"# {line}" for line in (about, "A rule that is missing has its default.")),
            "",
            *_singles(document, names),
            *_tables(document, names),
            "",
        ]
    )


def _singles(document: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for key, value in document.items():
        if key == "columns":
            yield from _columns(value, names)
        elif isinstance(value, str):
            yield f"{key} = {_text(value)}  # {_COMMENTS[key]}"


def _tables(document: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    if bookable := document.get("bookable"):
        yield from ("", "# Starts are offered within these times only; on the other weekdays, none.", "[bookable]")
        yield from (f"{day} = {_list(windows)}" for day, windows in bookable.items())
    for block in document.get("blocked", ()):
        yield from ("", "[[blocked]]")
        yield from (f"{key} = {_list(v) if isinstance(v, list) else _text(v)}" for key, v in block.items())
    if closed := document.get("closed"):
        yield from ("", "[closed]", *(f"{day} = {_text(reason)}" for day, reason in closed.items()))
    for name, rule in document.get("types", {}).items():
        yield from ("", f"[types.{_key(name)}]")
        if "counts" in rule:
            yield "counts = false  # it takes no column"
        if "length" in rule:
            yield f"length = {_text(rule['length'])}"
        yield from _columns(rule.get("columns", ()), names)


def _columns(columns: Iterable[str], names: Mapping[str, str]) -> Iterator[str]:
    if columns:
        yield "columns = ["
        for column in columns:
            name = names.get(column, "")
            yield f"    {_text(column)}," + (f"  # {name}" if name.isprintable() and name else "")
        yield "]"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    """A TOML string: as in JSON, but DEL is escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
