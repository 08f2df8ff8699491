"""Phone numbers as people type them, to E.164."""

from __future__ import annotations

import phonenumbers

from engine.errors import BadRequest


def check_country(country: str) -> str:
    """Two letters that tell how numbers are dialled. Raises `BadRequest`: by any other, local numbers would be lost."""
    if (code := country.upper()) not in phonenumbers.SUPPORTED_REGIONS:
        raise BadRequest(f"country: {country!r} is no country of ISO 3166; use two letters, such as US, CA or GB")
    return code


def e164(raw: str | None, country: str) -> str | None:
    """None where the text is no phone number, read as one dialled in `country` (ISO 3166, two letters).

    "Possible" and not "valid": the numbering plan in the library is always older than the newest number.
    """
    if raw is None:
        return None
    try:
        number = phonenumbers.parse(raw, country.upper())
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
