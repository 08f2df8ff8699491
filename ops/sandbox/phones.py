"""Fictitious telephone numbers, written as people at a reception desk write them.

Every range is reserved for fiction in its country: 555-01xx in North America, and the ranges of Ofcom, ACMA and
the Bundesnetzagentur. A number is generated as E.164 and then formatted, so its true value does not depend on
parsing the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

Country = Literal["US", "CA", "GB", "AU", "DE"]


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone field. `written`: the text in the portal; `e164`: its true value, None if it is not a number."""

    e164: str | None
    written: str


def phone_of(country: Country, rng: Random) -> Phone:
    """Returns a number of that country in one of its usual formats."""
    return {"US": _american, "CA": _canadian, "GB": _british, "AU": _australian, "DE": _german}[country](rng)


def unreadable_phone(rng: Random) -> Phone:
    """Returns a text that a user may enter instead of a number."""
    return Phone(None, rng.choice(("none", "see notes", "ask owner")))


def _american(rng: Random) -> Phone:
    return _north_american(rng.choice(("303", "720", "970")), rng)


def _canadian(rng: Random) -> Phone:
    return _north_american(rng.choice(("416", "514", "819")), rng)


def _north_american(area: str, rng: Random) -> Phone:
    last = f"01{rng.randrange(100):02}"
    forms = (
        f"({area}) 555-{last}",
        f"{area}-555-{last}",
        f"{area}.555.{last}",
        f"{area}555{last}",
        f"1-{area}-555-{last}",
        f"+1 {area} 555 {last}",
    )
    return Phone(f"+1{area}555{last}", rng.choice(forms))


def _british(rng: Random) -> Phone:
    if rng.random() < 0.5:
        last = f"0{rng.randrange(1000):03}"
        london = (
            f"020 7946 {last}",
            f"(020) 7946 {last}",
            f"0207946{last}",
            f"+44 20 7946 {last}",
            f"+44 (0)20 7946 {last}",
        )
        return Phone(f"+44207946{last}", rng.choice(london))
    city, last = rng.choice(("117", "161", "113")), f"0{rng.randrange(1000):03}"
    forms = (f"0{city} 496 {last}", f"(0{city}) 496 {last}", f"0{city}496{last}", f"+44 {city} 496 {last}")
    return Phone(f"+44{city}496{last}", rng.choice(forms))


def _australian(rng: Random) -> Phone:
    if rng.random() < 0.3:
        last = rng.choice(("156", "157", "158", "159"))
        return Phone(f"+61491570{last}", rng.choice((f"0491 570 {last}", f"0491570{last}", f"+61 491 570 {last}")))
    region, last = rng.choice("2378"), f"{rng.randrange(10000):04}"
    forms = (
        f"(0{region}) 5550 {last}",
        f"0{region} 5550 {last}",
        f"0{region}5550{last}",
        f"+61 {region} 5550 {last}",
    )
    return Phone(f"+61{region}5550{last}", rng.choice(forms))


def _german(rng: Random) -> Phone:
    city, line = rng.choice((("30", "23125"), ("89", "99998"), ("221", "4710"), ("40", "66969")))
    last = f"{rng.randrange(1000):03}"
    forms = (
        f"0{city} {line}{last}",
        f"0{city}/{line}{last}",
        f"(0{city}) {line}-{last}",
        f"0{city}{line}{last}",
        f"+49 {city} {line}{last}",
    )
    return Phone(f"+49{city}{line}{last}", rng.choice(forms))
