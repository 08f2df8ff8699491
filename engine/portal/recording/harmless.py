"""The allow-list of recordings: what may stay as it is. Everything else is replaced.

A text is kept only because of its field and its form together: a status word in a status field, a time in a field
of times, a colour in a field of colours.
"""

from __future__ import annotations

import re

from engine.portal.additions import ANOTHER_THING
from engine.portal.envelope import WRAPPERS
from engine.portal.fields import KNOWN_NAMES
from engine.portal.opening_hours import CLOSES, DAYS, OPENS, WEEKDAYS
from engine.portal.redaction import KEPT_WORDS
from engine.portal.schedule_config import PARTS, UNUSED
from engine.portal.statuses import KNOWN_STATUSES, normalise, normalise_class_names

#: Words of which field names are made. A name of other words is kept only if many records have it.
_NAME_WORDS = frozenset(
    """
    a absent account active address age all allow allowed alert alerts and animal any appointment appointments array
    arrived at available background balance birth block blocked blocks board body book booked booking border breed
    business by calendar call cancel cancelled canceled category cell channel check checked checkin checkout city
    class client clients clinic close closed closes code color colour color column comment comments company config
    configuration configs confirm confirmed consult consultation consultations contact content count country created
    creator current cursor custom data date dates day days default deleted department deputy description detail
    details disabled display doctor draft duration editable email enabled end ended ends entries entry error errors
    estimated event events exam expired ext extended external family field first flag flags for from full gender
    given group has height hidden home hour hours icon id ids image in index info initials interval is item items
    key kind label language last late later length level limit link list local location login long main max message
    messages meta method middle min minute minutes mobile mode modified more must name names neo new next no note
    notes number of offset on online open opens option options or order other overlap owner page paging parent
    partial paid patient patients pending per period pet phone phones photo plan position practice preferred prefix
    previous priority private provider providers public ready reason recall record records recurring reference
    referral region reminder repeat request requested required resource resources result results role room rooms
    roster row rows rule schedule scheduled scheduler search second section seen select series service session set
    sex short show size slot slots sort source species staff start started starts state status step street sub
    success surname tag tags task team technician telephone template text time timestamp times timezone title to
    token total totals type types unit until update updated upper url use user users value vet veterinarian version
    view visible visit visits wait waiting waitlist week weekday weight when with work year zip zone
    ok true false roster max min
    """.split()  # noqa: SIM905
)

#: Words in the name of a field whose dates and times are kept; and words that make it a personal date.
_TIME_WORDS = frozenset(
    {"start", "starts", "started", "end", "ends", "ended", "at", "time", "times", "date", "dates", "open", "opens"}
    | {"close", "closes", "from", "to", "until", "created", "updated", "modified", "booked", "min", "max", "seen"}
    | {"checkin", "checkout", "arrived", "confirmed", "cancelled", "canceled", "requested", "day", "local"}
)
_PERSONAL_WORDS = frozenset(
    {"birth", "birthday", "birthdate", "dob", "born", "age", "death", "deceased", "expiry"}
)

#: Fields, plain, whose numbers say how a calendar works.
_NUMBER_FIELDS = frozenset(
    {"duration", "slotinterval", "slotduration", "slotminutes", "minutes", "position", "order", "sort", "index"}
    | {"daysofweek", "dayofweek", "dow", "days", "day", "weekdays", "weekday", "total", "count", "totalcount"}
    | {"recordstotal", "page", "pages", "limit", "offset", "size", "version", "status", "code"}
)
_LARGEST_NUMBER = 9999

_STATUS_FIELDS = frozenset({"status", "currentstatus", "statuslabel"})
_COLOR = re.compile(r"#[0-9a-fA-F]{3,8}", re.ASCII)
_WHEN = re.compile(
    r"(\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(\.\d{1,9})?\s?(Z|[+-]\d{2}:?\d{2})?)?"
    r"|\d{1,2}:\d{2}(:\d{2})?(\.\d{1,3})?(\s?[ap]\.?m\.?)?)",
    re.ASCII | re.IGNORECASE,
)
#: Texts that are kept wherever they stand.
_ANYWHERE = frozenset({"", "true", "false", "yes", "no", "0", "1"})

_CONFIG_NAMES = PARTS | UNUSED | DAYS | OPENS | CLOSES | frozenset({*WRAPPERS, "name", "position", "duration"})

#: Elements of a page that are kept; attributes of its form; attributes of any element.
KEPT_TAGS = frozenset(
    {
        "html",
        "head",
        "body",
        "title",
        "main",
        "section",
        "header",
        "footer",
        "nav",
        "article",
        "aside",
        "div",
        "span",
    }
    | {"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "a", "b", "strong", "em", "small", "br", "hr", "table", "tr"}
    | {
        "td",
        "th",
        "tbody",
        "form",
        "fieldset",
        "legend",
        "label",
        "input",
        "button",
        "select",
        "option",
        "textarea",
    }
    | {"dialog", "iframe"}
)
FORM_ATTRIBUTES = frozenset({"name", "id", "type", "for", "method", "action", "autocomplete", "inputmode"})
ATTRIBUTES = frozenset({"role", "class", "hidden", "disabled", "required", "aria-modal", "open"})

#: A name that may be a field's: lower-case at its start, without a number in it.
IDENTIFIER = re.compile(r"_{0,2}[a-z][A-Za-z_]{0,39}\d?", re.ASCII)


def plain(name: str) -> str:
    return re.sub(r"[_\-\s]", "", name).lower()


def words_of(name: str) -> frozenset[str]:
    """The words of a field's name: `hasMore`, `has_more` and `HasMore` are "has" and "more"."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return frozenset(re.split(r"[\s_.-]+", parted.lower())) - {""}


def is_known_name(name: str) -> bool:
    """Whether a key is surely a field's name: it is one of the portal's, or made of words of such names."""
    return name in KNOWN_NAMES or words_of(re.sub(r"\d$", "", name)) <= _NAME_WORDS


def is_of_the_parser(name: str) -> bool:
    """Whether this version knows what a field of this name means."""
    return name in KNOWN_NAMES or plain(name) in _CONFIG_NAMES


def may_stay(text: str, field: str) -> bool:
    """Whether a text under this field is harmless."""
    if text.strip().lower() in _ANYWHERE:
        return True
    if _WHEN.fullmatch(text.strip()):
        return is_time_field(field)
    if plain(field) in _STATUS_FIELDS:
        return normalise(text) is not None
    if field == "className":
        return normalise_class_names(text) is not None and _are_class_words(text)
    if is_color(text, field):
        return True
    return text.strip().lower() in WEEKDAYS and plain(field) in _NUMBER_FIELDS


def is_color(text: str, field: str) -> bool:
    return ("color" in plain(field) or "colour" in plain(field)) and _COLOR.fullmatch(text.strip()) is not None


def number_may_stay(value: float, field: str) -> bool:
    return value in (0, 1) or (plain(field) in _NUMBER_FIELDS and 0 <= value <= _LARGEST_NUMBER)


def is_time(text: str) -> bool:
    return _WHEN.fullmatch(text.strip()) is not None


def is_time_field(field: str) -> bool:
    words = words_of(field)
    return not words.isdisjoint(_TIME_WORDS) and words.isdisjoint(_PERSONAL_WORDS)


def _are_class_words(text: str) -> bool:
    return set(re.split(r"[\s_-]+", text.lower())) <= _CLASS_WORDS


_CLASS_WORDS = frozenset(KNOWN_STATUSES) | frozenset(
    {"event", "status", "fc", "appointment", "block", "not", "arrived", "checked", "in", "progress", "ready"}
    | {"to", "pay", "no", "show"}
)

#: Words that a recording may contain although they may be a person's name.
EXPLAINED = (
    _NAME_WORDS
    | _CLASS_WORDS
    | ANOTHER_THING
    | KEPT_WORDS
    | frozenset(WEEKDAYS)
    | frozenset({"companyid", "submit", "email", "application", "json", "charset", "utf", "text", "html"})
    | frozenset({"example", "elsewhere", "https", "none", "get", "post", "seconds", "json", "headers"})
    | KEPT_TAGS
    | frozenset(word for name in (*FORM_ATTRIBUTES, *ATTRIBUTES) for word in name.split("-"))
    | frozenset({"path", "query", "failure", "neo", "idexx"})
    | frozenset(map(plain, KNOWN_NAMES))
    | frozenset(word for name in KNOWN_NAMES for word in words_of(name))
)
