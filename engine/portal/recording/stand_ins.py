"""Invented texts and numbers in place of real ones: the same original always gets the same stand-in.

Every invented word starts with Q, so that a person who reads a recording sees at once what is not invented. Stand-ins
are drawn at random and never written down beside their originals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from random import Random

from engine.portal.phones import e164
from engine.portal.recording.reserved_phones import draw_national, write_like

#: Runs of letters, with combining marks; runs of digits; HTML entities; everything else, one character at a time.
_PART = re.compile(
    r"(?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<word>(?:[^\W\d_]|[\u0300-\u036f])+)|(?P<number>\d+)|(?P<other>.)",
    re.DOTALL,
)
#: Entities that are not letters.
_ENTITIES = frozenset({"&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&nbsp;"})
#: Characters between words that are kept: they are the structure of a text.
_SEPARATORS = frozenset(" \t\n.,;:!?'\"()[]{}<>/\\|_-+*=@#%&~`^$")

#: A longer text is replaced as a whole: its structure alone would say too much.
LONGEST_PHRASE, MOST_WORDS = 60, 6

_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeio"
_DIGITS = "0123456789"
#: Length from which on a stand-in number may equal no original.
_DISTINCT_LENGTH = 3
_TRIES = 200


class StandIns:
    """The stand-ins of one recording. Every original must be known (`meet`) before the first one is replaced."""

    def __init__(self, random: Random) -> None:
        self._random = random
        #: The originals' words in lower case, and their numbers.
        self.originals: set[str] = set()
        self._words: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._phrases: dict[str, str] = {}
        #: National digits of stand-ins, by the original in E.164, or by its digits.
        self._national: dict[str, str] = {}
        self._taken: set[str] = set()

    def meet(self, text: str) -> None:
        for part in _PART.finditer(text):
            if part["word"] or part["number"]:
                self.originals.add(part.group().casefold())

    def text(self, original: str) -> str:
        """The stand-in of a text: word by word, so that names inside of it fit those in other fields."""
        if len(original) > LONGEST_PHRASE or len(re.findall(r"\w+", original)) > MOST_WORDS:
            return self._phrase(original)
        return self.by_part(original)

    def by_part(self, original: str) -> str:
        return _PART.sub(self._part, original)

    def scrub(self, text: str, explained: Container[str]) -> str:
        """The text without words and numbers of originals, except those that stand there for another reason."""

        def instead(found: re.Match[str]) -> str:
            word = found.group()
            is_theirs = word.casefold() in self.originals and word.casefold() not in explained
            return self.by_part(word) if is_theirs else word

        return re.sub(r"[^\W\d_]+|\d+", instead, text)

    def email(self, original: str) -> str:
        name, _, domain = original.casefold().partition("@")
        return f"{self.word(name).lower()}@{self.word(domain).lower()}.example"

    def word(self, original: str) -> str:
        key = original.casefold()
        if key not in self._words:
            self._words[key] = self._draw(self._invent_word)
        return _in_the_case_of(original, self._words[key])

    def number(self, original: str) -> str:
        """A number of as many digits; one more if there are no others. 0 and 1, which may be flags, stay."""
        if original in ("0", "1"):
            return original
        if original not in self._numbers:
            self._numbers[original] = self._draw_number(original)
        return self._numbers[original]

    def phone(self, original: str, country: str) -> str:
        """A reserved number in the same form, understood as well, or as little; equal numbers get equal ones.

        `country` is where it is dialed.
        """
        key = "phone " + original
        if key not in self._phrases:
            self._phrases[key] = self._invent_phone(original, country)
        return self._phrases[key]

    def _invent_phone(self, original: str, country: str) -> str:
        """Without a number that fits, the last one drawn counts."""
        number = e164(original, country)
        key = number or re.sub(r"\D", "", original)
        known = self._national.get(key)
        for _ in range(_TRIES):
            national = known or draw_national(original, country, self._random)
            candidate = write_like(original, country, national, self.number)
            drawn = e164(candidate, country)
            is_alike = (drawn is None) == (number is None)
            is_free = drawn is None or (drawn not in self._taken and drawn.lstrip("+") not in self.originals)
            if is_alike and candidate != original and (known or is_free):
                break
        self._national[key] = national
        self._taken.add(drawn or candidate)
        return candidate

    def day(self, original: str) -> str:
        """A date or time of another day with the same form."""
        if original not in self._phrases:
            year, number = 1901 + len(self._phrases) % 90, iter(range(10))
            replaced = re.sub(r"^\d{4}-\d{2}-\d{2}", f"{year}-01-01", original)
            self._phrases[original] = (
                replaced if replaced != original else re.sub(r"\d", lambda _: str(next(number) % 2), replaced)
            )
        return self._phrases[original]

    def _phrase(self, original: str) -> str:
        key = "phrase " + original
        if key not in self._phrases:
            self._phrases[key] = f"{self._draw(self._invent_word).capitalize()} ({len(original)})"
        return self._phrases[key]

    def _part(self, part: re.Match[str]) -> str:
        whole = part.group()
        if part["word"]:
            return self.word(whole)
        if part["number"]:
            return self.number(whole)
        if part["entity"]:
            return whole if whole in _ENTITIES else "&auml;"
        return whole if whole in _SEPARATORS else "·"

    def _draw(self, invent: Callable[[], str]) -> str:
        while (invented := invent()).casefold() in self._taken or invented.casefold() in self.originals:
            pass
        self._taken.add(invented.casefold())
        return invented

    def _invent_word(self) -> str:
        pairs = [self._random.choice(_CONSONANTS) + self._random.choice(_VOWELS) for _ in range(3)]
        return "q" + self._random.choice(_VOWELS) + "".join(pairs)

    def _draw_number(self, original: str) -> str:
        length = len(original)
        for attempt in range(_TRIES):
            length += attempt % 50 == 49
            first = "0" if original.startswith("0") and length > 1 else self._random.choice(_DIGITS[1:])
            number = first + "".join(self._random.choice(_DIGITS) for _ in range(length - 1))
            is_original = length >= _DISTINCT_LENGTH and number in self.originals
            if number not in self._taken and not is_original and number not in ("0", "1", original):
                break
        self._taken.add(number)
        return number


def _in_the_case_of(original: str, word: str) -> str:
    if original.isupper() and len(original) > 1:
        return word.upper()
    return word if original.islower() else word.capitalize()
