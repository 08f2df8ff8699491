"""Telephone numbers for stand-ins: valid in form, but reserved for fiction, or not assigned to anybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from engine.portal.phones import NORTH_AMERICA

#: National numbers that are reserved for fiction, by country code; # is any digit. The ranges of NANPA, Ofcom, ACMA,
#: the Bundesnetzagentur, ARCEP and PTS. The last of North America is a number without its area code.
RESERVED = {
    NORTH_AMERICA: ("###55501##", "55501##"),
    33: ("19900####", "26191####", "35301####", "46571####", "53649####", "63998####"),
    44: ("2079460###", "1134960###", "1164960###", "1174960###", "1614960###", "7700900###"),
    46: ("3139006##", "4062804##", "8465004##", "7017406##"),
    49: ("3023125###", "8999998###", "2214710###", "4066969###"),
    61: ("25550####", "35550####", "75550####", "85550####", "491570156", "491570157", "491570158", "491570159"),
}

_DIGITS = "0123456789"
_TRIES = 100


def draw_national(original: str, country: str, random: Random) -> str:
    """The national digits of a reserved number, as many as the original has if there is such a range.

    `country` is where the number is dialed. Where no range is reserved, the numbering plan does not assign the number.
    """
    _, national, country_code = _parts(_without_extension(original), country)
    ranges = RESERVED.get(country_code, ())
    as_long = [each for each in ranges if len(each) == len(national)]
    if not as_long and _is_assigned(country_code, national):
        as_long = list(ranges)
    for _ in range(_TRIES):
        drawn = _filled(random.choice(as_long or ["#" * len(national)]), random)
        if _fits(country_code, drawn, is_reserved=bool(as_long)):
            break
    return drawn


def write_like(original: str, country: str, national: str, stand_in: Callable[[str], str]) -> str:
    """The number in the form of the original, whose country code, trunk prefix and signs stay.

    The digits of an extension are replaced by `stand_in`.
    """
    number = _without_extension(original)
    prefix, _, _ = _parts(number, country)
    extension = re.sub(r"\d+", lambda found: stand_in(found.group()), original.removeprefix(number))
    return _written(number, len(prefix), national) + extension


def _without_extension(text: str) -> str:
    return re.split("[a-zA-Z]", text, maxsplit=1)[0]


def _parts(text: str, country: str) -> tuple[str, str, int]:
    """The digits before the national number, those of the national number, and the country code."""
    digits = re.sub(r"\D", "", text)
    try:
        number = phonenumbers.parse(text, country.upper())
    except phonenumbers.NumberParseException:
        return "", digits, phonenumbers.country_code_for_region(country.upper())
    national = phonenumbers.national_significant_number(number)
    if not digits.endswith(national):
        return "", digits, number.country_code or 0
    return digits.removesuffix(national), national, number.country_code or 0


def _fits(country_code: int, national: str, *, is_reserved: bool) -> bool:
    if not is_reserved:
        return not _is_assigned(country_code, national)
    # In North America the area code is drawn as well; 555-01xx is reserved in those of places only.
    if country_code != NORTH_AMERICA or len(national) < len(RESERVED[NORTH_AMERICA][0]):
        return True
    number = PhoneNumber(country_code=country_code, national_number=int(national))
    return phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE_OR_MOBILE


def _is_assigned(country_code: int, national: str) -> bool:
    """Whether the numbering plan has such numbers, so that one may be somebody's."""
    return national != "" and phonenumbers.is_valid_number(
        PhoneNumber(country_code=country_code, national_number=int(national))
    )


def _filled(form: str, random: Random) -> str:
    """The form with a drawn digit for each #."""
    return "".join(random.choice(_DIGITS) if each == "#" else each for each in form)


def _written(form: str, kept: int, digits: str) -> str:
    """The digits in the places of the form's, after the first `kept` of them; what is left over stands at the end."""
    seen, left = 0, list(digits)

    def place(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        if seen <= kept:
            return found.group()
        return left.pop(0) if left else ""

    return re.sub(r"\d", place, form) + "".join(left)
