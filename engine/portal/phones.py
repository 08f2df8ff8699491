"""Converts phone numbers as people type them to E.164."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from engine.errors import BadRequest

#: The country code of North America, where the trunk prefix 1 may be left out.
NORTH_AMERICA = 1


def check_country(country: str) -> str:
    """The upper-case country code. Raises `BadRequest` if it is unknown: local numbers would be lost."""
    if (code := country.upper()) not in phonenumbers.SUPPORTED_REGIONS:
        raise BadRequest(
            f"country: {country!r} is not an ISO 3166 country code; use two letters, such as US, CA or GB"
        )
    return code


def e164(raw: str | None, country: str) -> str | None:
    """The number in E.164; None if the text is not a phone number as dialed in `country`, or lacks its area code.

    It must be "possible", not "valid": the library's numbering plan is always older than the newest number.
    """
    if raw is None:
        return None
    try:
        number = phonenumbers.parse(raw, country.upper(), keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    if _is_local(number, country.upper()):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _is_local(number: PhoneNumber, country: str) -> bool:
    """Whether the number may be valid within one area only: it lacks the trunk prefix that the country dials.

    "2312500" in Berlin would otherwise become a number of Dortmund (area code 231). A mobile number has no area:
    one without its prefix has lost it on the way, often in a spreadsheet.
    """
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if metadata is None or not metadata.national_prefix or number.country_code == NORTH_AMERICA:
        return False
    national = phonenumbers.national_significant_number(number)
    if (
        number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY
        or _digits(number.raw_input) != national
    ):
        return False
    if not phonenumbers.is_valid_number(number):
        return True
    has_prefix = _digits(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)) != national
    return has_prefix and phonenumbers.number_type(number) != PhoneNumberType.MOBILE


def _digits(text: str | None) -> str:
    """The digits of the number itself, without its extension."""
    return re.sub(r"\D", "", re.split(r"[a-zA-Z#;,]", (text or "").strip(), maxsplit=1)[0])
