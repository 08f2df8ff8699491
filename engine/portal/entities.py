"""Unescapes HTML entities, and splits titles, whose separator is the character that ends an entity."""

from __future__ import annotations

import html
import re
from html.entities import html5

#: Only entities with a semicolon: `html.unescape` also replaces the start of "&notes".
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

#: An entity, or one that was escaped again.
_ESCAPED = re.compile(r"&(?:amp;)*(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}));")


def unescape(text: str) -> str:
    """The text with each entity replaced by its character, once: `&amp;lt;` becomes `&lt;`."""
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text) if "&" in text else text


def names_in_title(title: str | None) -> tuple[str | None, str | None]:
    """Patient and client of `PATIENT; CLIENT-LAST, CLIENT-FIRST` as the portal writes it, unescaped."""
    if title is None or (cut := _separator(title)) is None:
        return None, None
    patient, client = unescape(title[:cut]).strip(), unescape(title[cut + 1 :]).strip()
    last, _, first = (part.strip() for part in client.partition(","))
    return patient or None, f"{first} {last}".strip() or None


def _separator(title: str) -> int | None:
    """Position of the first semicolon that does not belong to an entity."""
    inside = {at for found in _ESCAPED.finditer(title) if _is_entity(found) for at in range(*found.span())}
    return next((at for at, char in enumerate(title) if char == ";" and at not in inside), None)


def _is_entity(found: re.Match[str]) -> bool:
    name = found["name"]
    return name is None or f"{name};" in html5
