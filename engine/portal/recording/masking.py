"""Masks JSON values of the portal: two passes over everything, so that a stand-in never equals an original.

The first pass (`survey`) learns which keys are names of fields and collects the originals; the second (`mask`)
replaces every text and number that is not on the allow-list (`harmless`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from engine.portal.fields import SPELLINGS
from engine.portal.phones import e164
from engine.portal.recording.harmless import (
    EXPLAINED,
    IDENTIFIER,
    is_color,
    is_known_name,
    is_of_the_parser,
    is_time,
    may_stay,
    number_may_stay,
    words_of,
)
from engine.portal.recording.stand_ins import StandIns
from engine.portal.redaction import mask_words

#: Where a value stands: the keys above it; "[]" is any entry of an array.
Position = tuple[str, ...]

_PHONE = re.compile(r"[\d\s().+/x-]{6,30}", re.ASCII | re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE_WORDS = frozenset({"phone", "mobile", "cell", "fax", "tel", "telephone", "sms"})
#: In place of any colour: one could spell a word.
COLOR = "#888888"
_MESSAGES = frozenset({"message", "error", "errors"})
_FEW = 2


class Masker:
    """Masks the values of one recording. `country` decides which texts are understood as phone numbers."""

    def __init__(self, stand_ins: StandIns, country: str) -> None:
        self.stand_ins = stand_ins
        self._country = country
        self._objects: Counter[Position] = Counter()
        self._keys: Counter[Position] = Counter()
        #: Texts that were kept, each with the fields under which it stands: for the person who approves.
        self.kept: dict[str, set[str]] = {}
        #: Names of fields that were kept and that the parser does not know.
        self.unknown_names: set[str] = set()

    def survey(self, value: Any, position: Position) -> None:
        """The first pass over one value."""
        match value:
            case dict():
                self._objects[position] += 1
                for key, each in value.items():
                    self._keys[(*position, key)] += 1
                    if not is_known_name(key):
                        self.stand_ins.meet(key) if not IDENTIFIER.fullmatch(key) else None
                    self.survey(each, (*position, key))
            case list():
                for each in value:
                    self.survey(each, (*position, "[]"))
            case str() if not may_stay(value, _field(position)):
                self.stand_ins.meet(value)
                if self._is_phone(value, _field(position)):
                    self.stand_ins.meet(e164(value, self._country) or "")
            case bool() | None | str():
                pass
            case int() | float() if not number_may_stay(value, _field(position)):
                self.stand_ins.meet(str(value))

    def mask(self, value: Any, position: Position) -> Any:
        """The value with all that is not harmless replaced; keys, order and types stay."""
        match value:
            case dict():
                return {self._key(position, key): self.mask(each, (*position, key)) for key, each in value.items()}
            case list():
                return [self.mask(each, (*position, "[]")) for each in value]
            case bool() | None:
                return value
            case str():
                return self.text(value, _field(position))
            case int() | float():
                return self._number(value, _field(position))
        raise TypeError(f"a value of the type {type(value).__name__} is not JSON")

    def text(self, value: str, field: str) -> str:
        if is_color(value, field):
            return COLOR
        if may_stay(value, field):
            if not is_time(value):
                self.kept.setdefault(value, set()).add(field)
            return value
        if is_time(value):
            return self.stand_ins.day(value)
        if _EMAIL.fullmatch(value.strip()):
            return self.stand_ins.email(value.strip())
        if self._is_phone(value, field):
            return self.stand_ins.phone(value, self._country)
        if field in _MESSAGES:
            return self.stand_ins.scrub(mask_words(value), EXPLAINED)
        return self.stand_ins.text(value)

    def _is_phone(self, value: str, field: str) -> bool:
        of_phones = field in SPELLINGS["phone"] or not words_of(field).isdisjoint(_PHONE_WORDS)
        return of_phones and _PHONE.fullmatch(value.strip()) is not None

    def _number(self, value: float, field: str) -> float:
        if number_may_stay(value, field):
            return value
        masked = self.stand_ins.by_part(repr(value))
        try:
            return int(masked) if isinstance(value, int) else float(masked)
        except ValueError:  # such as 1e+20
            return 0.5

    def _key(self, position: Position, key: str) -> str:
        if not (is_known_name(key) or self._is_name(position, key)):
            return self.stand_ins.by_part(key)
        if not is_of_the_parser(key):
            self.unknown_names.add(key)
        return key

    def _is_name(self, position: Position, key: str) -> bool:
        """Whether an unknown key is a field's name: most objects of this place have it, and no value has its words."""
        seen, objects = self._keys[(*position, key)], self._objects[position]
        is_common = seen >= _FEW and 2 * seen >= objects
        is_free = not any(word in self.stand_ins.originals for word in words_of(key))
        return IDENTIFIER.fullmatch(key) is not None and is_common and is_free


def survivors(text: str, stand_ins: StandIns | None, always: Iterable[str]) -> list[str]:
    """The originals that a masked text still contains: there must be none.

    `always`: texts that may never stay. Without `stand_ins` only these are searched.
    """
    originals = stand_ins.originals if stand_ins is not None else frozenset()
    found = {word for word in _words(text) if word in originals and _is_identifying(word)}
    whole = [re.compile(rf"(?<![^\W_]){re.escape(each)}(?![^\W_])", re.IGNORECASE) for each in always]
    return [*sorted(found), *(each.pattern for each in whole if each.search(text))]


def _words(text: str) -> Iterator[str]:
    return (found.group().casefold() for found in re.finditer(r"[^\W\d_]+|\d+", text))


def _is_identifying(word: str) -> bool:
    """Whether a word or number is long enough to be personal, and does not stand there for another reason."""
    return len(word) >= (6 if word.isdigit() else 3) and word not in EXPLAINED


def _field(position: Position) -> str:
    """The nearest key: an entry of an array belongs to the array's field."""
    return next((key for key in reversed(position) if key != "[]"), "")
