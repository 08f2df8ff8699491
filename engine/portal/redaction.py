"""Masks what the portal showed: names, numbers and secrets.

Masking keeps the shape (`Smith-12` becomes `Xxxxx-99`), because the shape shows how the portal changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.portal.drift import FIELD_NAME
from engine.portal.statuses import normalise
from engine.portal.times import PORTAL_TIME

#: Characters of a body that are kept.
KEPT_CHARACTERS = 4096
KEPT_BYTES = 4 * KEPT_CHARACTERS

#: Headers whose values describe how a response came about, and contain no personal data.
KEPT_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "date", "retry-after", "server", "cache-control", "age"}
    | {"allow", "via", "transfer-encoding", "connection", "x-cache", "strict-transport-security", "vary"}
)

#: Fields whose values belong to the portal, not to a person, as long as they have their usual form.
_TIME_FIELDS = frozenset({"start", "end"})
_STATUS_FIELDS = frozenset({"status", "current_status", "status_label"})

#: Words that stay readable: what sites and proxies say when something is wrong. Every other word is masked, since
#: names may be in lower case.
KEPT_WORDS = frozenset(
    """
    a about access account accounts after again all allowed an and any are as at back bad be because been before being
    but by calendar called cannot certificate check close closed cloudflare code company connect connection contact
    cookie cookies could csrf dashboard date day denied did disabled disconnect do does down during email empty error
    expired failed field for forbidden form found from gateway has have headers home host hours html http https id
    idexx if in incorrect internal invalid is it its later limit loading locked log login long maintenance many
    message method minutes moved must name need neo network nginx no not now of off on one or origin our out page
    password permission please portal proxy reached redirect refused request requests required reset resource
    response right schedule scheduled seconds security server service session sign site something soon support system
    temporarily temporary that the there this time timed timeout to token too try trying unable unauthorized
    unavailable unexpected unknown upstream url use user username wait was we went were when while with within
    wrong you your
    """.split()  # noqa: SIM905
)
_JSON_STRING = r'"(?:[^"\\]|\\.)*(?:"|$)'
#: A key, another text, or what is outside of quotes: numbers, and words if it is not JSON after all.
_JSON_PART = re.compile(
    rf"(?P<key>{_JSON_STRING})(?P<colon>\s*:\s*)|(?P<text>{_JSON_STRING})|(?P<bare>[^\s\"{{}}\[\],:]+)"
)
_JSON_WORDS = frozenset({"true", "false", "null"})
_BEHIND_PATH = re.compile(r"[;?]")
_QUERY_PART = re.compile(r"[^;?&]+")
_DATE_VALUE = re.compile(r"\d{4}-\d{2}-\d{2}((%20|\+)\d{2}(%3A|:)\d{2}(%3A|:)\d{2})?")
_HTML_PART = re.compile(
    r"<(?:script|style)\b.*?(?:</(?:script|style)\s*>|$)|<[^>]*>?|[^<]+", re.DOTALL | re.IGNORECASE
)
_TAG_NAME = re.compile(r"</?\s*[a-zA-Z][a-zA-Z0-9-]*")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
_KEPT_VALUE = re.compile(r"[\w ./-]{1,60}")

#: Elements and attributes that identify a form and its alerts. Attributes of other elements may contain personal
#: data.
_FORM_TAGS = frozenset({"form", "input", "button", "select", "textarea", "label", "fieldset"})
_FORM_ATTRIBUTES = frozenset({"name", "id", "type", "role", "class", "method", "action"})
_KEPT_ATTRIBUTES = frozenset({"role", "class"})


def mask_body(body: bytes, content_type: str) -> str:
    """The first kilobytes, masked. The content type is only a hint: a page is recognized by its content."""
    text = body[:KEPT_BYTES].decode("utf-8", "replace")[:KEPT_CHARACTERS]
    if text.lstrip().startswith("<") or "html" in content_type:
        return mask_html(text)
    return mask_json(text)


def mask_json(text: str) -> str:
    """Masks JSON, even if it is cut off or invalid. Keys stay if they look like names of fields."""
    field = ""

    def mask(found: re.Match[str]) -> str:
        nonlocal field
        if found["key"] is not None:
            field = found["key"].strip('"')
            return (found["key"] if FIELD_NAME.fullmatch(field) else mask_shape(found["key"])) + found["colon"]
        value, field_of_value, field = found.group(), field, ""
        return value if value in _JSON_WORDS or _may_be_kept(field_of_value, value) else mask_shape(value)

    if not text.lstrip().startswith(("{", "[", '"')):
        return mask_words(text)
    return _JSON_PART.sub(mask, text)


def _may_be_kept(field: str, value: str) -> bool:
    text = value.strip('"')
    if field in _TIME_FIELDS:
        return PORTAL_TIME.fullmatch(text) is not None
    return field in _STATUS_FIELDS and normalise(text) is not None


def mask_html(text: str) -> str:
    return "".join(_mask_html_part(part.group()) for part in _HTML_PART.finditer(text))


def _mask_html_part(part: str) -> str:
    if not part.startswith("<"):
        return mask_words(part)
    if part.lower().startswith(("<script", "<style")):
        return part[: part.index(">")].split()[0] + ">…" if ">" in part else "<…"
    if (name := _TAG_NAME.match(part)) is None:
        return "<…>"
    tag = name.group()
    names = _FORM_ATTRIBUTES if tag.strip("</ ").lower() in _FORM_TAGS else _KEPT_ATTRIBUTES
    kept = "".join(_kept_attribute(key, value) for key, value in _ATTRIBUTE.findall(part) if key.lower() in names)
    return f"{tag}{kept}>"


def _kept_attribute(key: str, value: str) -> str:
    """The attribute without digits, and without what follows an address: a query, a session."""
    found = _KEPT_VALUE.match(value.strip("\"'"))
    return f' {key}="{_mask_digits(found.group())}"' if found else ""


def mask_words(text: str) -> str:
    """Keeps the words of error messages; masks all others."""
    return re.sub(r"[^\s<>]+", lambda found: _mask_word(found.group()), text)


def _mask_word(word: str) -> str:
    return "".join(
        part if part.lower() in KEPT_WORDS else mask_shape(part) for part in re.split(r"([^\w'’]+)", word)
    )


def mask_shape(text: str) -> str:
    """Every letter becomes x or X, every digit 9; separators stay."""
    return "".join("9" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in text)


def _mask_digits(text: str) -> str:
    return "".join("9" if c.isdigit() else c for c in text)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The names of all headers; values only of those that hold no secret."""
    return {name: value if name.lower() in KEPT_HEADERS else "…" for name, value in headers.items()}


def masked_address(url: str) -> str:
    """The address without its user, and with everything behind the path masked, except dates."""
    before, mark, fragment = url.partition("#")
    path = _BEHIND_PATH.split(before, maxsplit=1)[0]
    query = before[len(path) :]
    address = re.sub(r"//[^/@]*@", "//", path)
    return address + _QUERY_PART.sub(_mask_parameter, query) + mark + mask_shape(fragment)


def _mask_parameter(found: re.Match[str]) -> str:
    name, is_pair, value = found.group().partition("=")
    if not is_pair:
        return mask_shape(name)
    kept = value if _DATE_VALUE.fullmatch(value) else mask_shape(value)
    return (name if FIELD_NAME.fullmatch(name) else mask_shape(name)) + "=" + kept
