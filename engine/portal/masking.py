"""What the portal showed, with everything left out that could be somebody's: names, numbers, secrets.

Masking keeps the shape (`Smith-12` becomes `Xxxxx-99`), because the shape is what tells how the portal changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.portal.drift import FIELD_NAME

#: So much of a body is kept, in characters.
KEPT_CHARACTERS = 4096

#: Headers whose values say how an answer came about, and nothing about anybody.
TOLD_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "date", "retry-after", "server", "cache-control", "age"}
    | {"allow", "via", "transfer-encoding", "connection", "x-cache", "strict-transport-security", "vary"}
)

#: Fields whose values belong to the portal, not to a person.
TOLD_FIELDS = frozenset({"start", "end", "status", "current_status", "status_label", "className", "resourceId"})

#: Words that a page may say in clear: what sites and proxies say when something is wrong. Every other word is
#: masked, since people write names in small letters, too.
_TOLD_WORDS = frozenset(
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
_JSON_PAIR = re.compile(
    rf"(?P<key>{_JSON_STRING})(?P<colon>\s*:\s*)|(?P<text>{_JSON_STRING})|(?P<number>-?\d[\d.eE+-]*)"
)
_HTML_PART = re.compile(
    r"<(?:script|style)\b.*?(?:</(?:script|style)\s*>|$)|<[^>]*>?|[^<]+", re.DOTALL | re.IGNORECASE
)
_TAG_NAME = re.compile(r"</?\s*[a-zA-Z][a-zA-Z0-9-]*")
_TOLD_ATTRIBUTES = re.compile(r"""\b(name|id|type|role|class|method|action)\s*=\s*["']?([\w ./-]{1,60})["']?""")


def mask_body(body: bytes, content_type: str) -> str:
    """The first kilobytes, masked. The content type is a hint only: a page says so itself."""
    text = body[: KEPT_CHARACTERS * 4].decode("utf-8", "replace")[:KEPT_CHARACTERS]
    if text.lstrip().startswith("<") or "html" in content_type:
        return mask_html(text)
    return mask_json(text)


def mask_json(text: str) -> str:
    """Works on text that was cut off or is no JSON, too. Keys stay, as far as they are names of fields."""
    field = ""

    def mask(found: re.Match[str]) -> str:
        nonlocal field
        if found["key"] is not None:
            field = found["key"].strip('"')
            return (found["key"] if FIELD_NAME.fullmatch(field) else mask_shape(found["key"])) + found["colon"]
        if found["number"] is not None:
            return mask_shape(found["number"])
        return found["text"] if field in TOLD_FIELDS else mask_shape(found["text"])

    if not text.lstrip().startswith(("{", "[", '"')):
        return mask_words(text)
    return _JSON_PAIR.sub(mask, text)


def mask_html(text: str) -> str:
    return "".join(_mask_html_part(part.group()) for part in _HTML_PART.finditer(text))


def _mask_html_part(part: str) -> str:
    if not part.startswith("<"):
        return mask_words(part)
    if part.lower().startswith(("<script", "<style")):
        return part[: part.index(">")].split()[0] + ">…" if ">" in part else "<…"
    name = _TAG_NAME.match(part)
    told = " ".join(f'{key}="{value}"' for key, value in _TOLD_ATTRIBUTES.findall(part))
    return f"{name.group() if name else '<…'}{' ' if told else ''}{told}>"


def mask_words(text: str) -> str:
    """The words that an error is made of stay; of all others only the shape."""
    return re.sub(r"[^\s<>]+", lambda found: _mask_word(found.group()), text)


def _mask_word(word: str) -> str:
    return "".join(
        part if part.lower() in _TOLD_WORDS else mask_shape(part) for part in re.split(r"([^\w'’]+)", word)
    )


def mask_shape(text: str) -> str:
    """Every letter becomes x or X, every digit 9; what separates them stays."""
    return "".join("9" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in text)


def tell_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The names of all headers; values only of those that hold no secret."""
    return {name: value if name.lower() in TOLD_HEADERS else "…" for name, value in headers.items()}


def tell_address(url: str) -> str:
    """The address without its user, and with the values of its query masked, dates excepted."""
    address, mark, query = url.partition("?")
    address = re.sub(r"//[^/@]*@", "//", address)
    return address + mark + re.sub(r"=([^&]*)", lambda found: "=" + _mask_value(found.group(1)), query)


def _mask_value(value: str) -> str:
    return value if re.fullmatch(r"\d{4}-\d{2}-\d{2}(%20|\+)?[\d%:A]*", value) else mask_shape(value)
