"""Turns a transcript into a recording: masked, and checked before anything of it is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.portal.drift import FIELD_NAME
from engine.portal.recording.harmless import EXPLAINED
from engine.portal.recording.masking import Masker, survivors
from engine.portal.recording.pages import mask_page
from engine.portal.recording.stand_ins import StandIns
from engine.portal.recording.understood import shape, understand, understood
from engine.portal.redaction import mask_body
from engine.portal.response import PortalResponse
from engine.portal.transcript import Exchange, Landing, Origin, Transcript

#: Version of the form; a reader refuses a newer one.
FORM = 1

#: Headers of responses whose values are kept: they say how a response is to be read, and nothing else.
_HEADERS = frozenset({"content-type", "content-encoding", "retry-after", "cache-control", "vary", "allow"})

_COOKIE_FACTS = ("path", "httpOnly", "secure", "sameSite")


class UnsafeRecording(Exception):
    """The masked recording still contains originals; nothing was written. The message contains no value."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A masked session, as JSON values. `pages` are those of the sign-in, by name."""

    about: Mapping[str, Any]
    exchanges: Sequence[Mapping[str, Any]]
    pages: Mapping[str, str] = field(repr=False)
    #: Every text that was kept, with its fields; and the kept names that no table has.
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unknown_names: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        return {"about": self.about, "exchanges": self.exchanges, "pages": self.pages}


def make_recording(
    transcript: Transcript, clinic: Clinic, credentials: Credentials, about: Mapping[str, Any], random: Random
) -> Recording:
    """The masked recording of a session. `about` says when and how it was made; it is kept as it is.

    Raises `UnsafeRecording` if an original would be left in it.
    """
    return _Recorder(transcript, clinic, credentials, random).make(about)


class _Recorder:
    def __init__(self, transcript: Transcript, clinic: Clinic, credentials: Credentials, random: Random) -> None:
        self._transcript = transcript
        self._clinic = clinic
        self._stand_ins = StandIns(random)
        self._masker = Masker(self._stand_ins, clinic.country)
        self._secrets = [credentials.username, credentials.password, credentials.company_id or ""]
        for own in (*self._secrets, clinic.name):
            self._stand_ins.meet(own)
        self._cookies = transcript.landing.cookies if transcript.landing else ()
        self._bodies = [_json_of(exchange) for exchange in transcript.exchanges]

    def make(self, about: Mapping[str, Any]) -> Recording:
        pairs = list(zip(self._transcript.exchanges, self._bodies, strict=True))
        for exchange, body in pairs:
            self._survey(exchange, body)
        exchanges = [self._exchange(n, exchange, body) for n, (exchange, body) in enumerate(pairs, start=1)]
        differs = self._differing(exchanges)
        recording = Recording(
            {"form": FORM, **self._place(), **about, "sign_in": self._sign_in(), "differs": differs},
            exchanges,
            self._pages(),
            {text: sorted(fields) for text, fields in sorted(self._masker.kept.items())},
            sorted(self._masker.unknown_names),
        )
        self._check(recording)
        return recording

    def _differing(self, exchanges: Sequence[Mapping[str, Any]]) -> list[int]:
        """The numbers of answers that are understood otherwise when masked: a recording that misleads must say so."""
        masked = understood({"about": self._place(), "exchanges": exchanges})
        found = []
        for number, exchange in enumerate(self._transcript.exchanges, start=1):
            if exchange.status is None:
                continue
            answer = PortalResponse(exchange.url, exchange.status, exchange.headers, exchange.body)
            request = {"path": exchange.path, "query": exchange.query}
            if shape(understand(answer, self._clinic, request)) != shape(masked.get(str(number))):
                found.append(number)
        return found

    def _place(self) -> dict[str, str]:
        return {"timezone": self._clinic.timezone, "country": self._clinic.country}

    def _survey(self, exchange: Exchange, body: object) -> None:
        if body is not _NOT_JSON:
            self._masker.survey(body, (exchange.path,))
        self._masker.survey(exchange.query, (exchange.path, "query"))

    def _exchange(self, number: int, exchange: Exchange, body: object) -> dict[str, Any]:
        request = {"method": exchange.method, "path": self._path(exchange.path)}
        if exchange.query:
            request["query"] = self._masker.mask(exchange.query, (exchange.path, "query"))
        entry = {"number": number, "kind": exchange.origin, "request": request}
        entry |= {"seconds": round(exchange.seconds, 3)}
        if exchange.status is None:
            return entry | {"failure": exchange.failure}
        return entry | {"response": self._response(exchange, body)}

    def _response(self, exchange: Exchange, body: object) -> dict[str, Any]:
        response: dict[str, Any] = {"status": exchange.status, "headers": self._headers(exchange)}
        if exchange.set_cookies:
            names = [cookie.partition("=")[0].strip() for cookie in exchange.set_cookies]
            response["sets_cookies"] = [name for name in names if FIELD_NAME.fullmatch(name)]
        if body is not _NOT_JSON:
            response["json"] = self._masker.mask(body, (exchange.path,))
        elif exchange.body:
            response["text"] = self._text(exchange)
        return response

    def _text(self, exchange: Exchange) -> str:
        """A body that is not JSON: a page, or the part of an interrupted response."""
        text = exchange.body[:_KEPT_BYTES].decode("utf-8", "replace")
        if text.lstrip().startswith("<"):
            return mask_page(text, self._stand_ins)
        return self._stand_ins.scrub(mask_body(exchange.body, ""), EXPLAINED)

    def _headers(self, exchange: Exchange) -> dict[str, str]:
        """The names of all headers; the values of few. Of a redirect, the path inside of the portal."""
        headers = {name: value if name in _HEADERS else "…" for name, value in exchange.headers.items()}
        if "location" in headers:
            headers["location"] = self._location(exchange)
        return {name: value for name, value in headers.items() if FIELD_NAME.fullmatch(name)}

    def _location(self, exchange: Exchange) -> str:
        target, own = urlsplit(exchange.headers["location"]), urlsplit(exchange.url)
        if target.hostname not in (None, own.hostname):
            return "https://elsewhere.example" + self._path(target.path)
        return self._path(target.path)

    def _path(self, path: str) -> str:
        """The path; parts of it that are not plain names are replaced."""
        parts = path.split("/")
        return "/".join(
            part if _is_plain(part, self._stand_ins) else self._stand_ins.by_part(part) for part in parts
        )

    def _sign_in(self) -> dict[str, Any]:
        form, landing = self._transcript.form, self._transcript.landing
        facts: dict[str, Any] = {}
        if form is not None:
            fields = {"company id": form.has_company, "user": form.has_user, "password": form.has_password}
            facts["fields"] = {**fields, "button": form.has_submit}
            facts["inputs"] = [self._stand_ins.scrub(text, EXPLAINED) for text in form.inputs if text.isascii()]
        if landing is not None:
            facts |= {"landing": self._path(landing.path), "cookies": _cookie_facts(landing)}
        return facts

    def _pages(self) -> dict[str, str]:
        form = self._transcript.form
        pages = {"sign-in": form.html if form else "", "sign-in-end": self._transcript.last_page}
        return {name: mask_page(html, self._stand_ins) for name, html in pages.items() if html}

    def _check(self, recording: Recording) -> None:
        """Looks for originals in the finished recording. Values of cookies and credentials may be nowhere in it."""
        secrets = [str(cookie.get("value", "")) for cookie in self._cookies] + self._secrets
        always = [each for each in secrets if len(each) >= _SHORTEST_SECRET and each.casefold() not in EXPLAINED]
        for name, part, may_have_words in _parts(recording):
            if found := survivors(part, None if may_have_words else self._stand_ins, always):
                raise UnsafeRecording(
                    f"{name} would still contain {len(found)} texts of the portal; nothing was written; "
                    "report it with the version of idexx-sync, and without the data"
                )


_NOT_JSON = object()
#: The beginning of a page that is kept.
_KEPT_BYTES = 256 * 1024
#: A shorter secret, such as a company id of two digits, is found in any text.
_SHORTEST_SECRET = 5


def _json_of(exchange: Exchange) -> object:
    """The body as a JSON value; a page, and JSON that loses something when it is read, counts as text."""
    if not exchange.body or exchange.origin is not Origin.CALL:
        return _NOT_JSON
    try:
        return json.loads(exchange.body.decode("utf-8-sig"), object_pairs_hook=_without_repeated_keys)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key comes twice")
    return dict(pairs)


def _is_plain(part: str, stand_ins: StandIns) -> bool:
    return not part or (FIELD_NAME.fullmatch(part) is not None and stand_ins.scrub(part, EXPLAINED) == part)


def _cookie_facts(landing: Landing) -> list[dict[str, Any]]:
    """The names of the cookies and how they are set; never their values."""
    return [
        {"name": cookie["name"], **{name: cookie[name] for name in _COOKIE_FACTS if name in cookie}}
        for cookie in landing.cookies
        if FIELD_NAME.fullmatch(str(cookie["name"]))
    ]


def _parts(recording: Recording) -> Iterable[tuple[str, str, bool]]:
    """Each part with its name, and whether it consists of our own words: of those only secrets are searched."""
    for exchange in recording.exchanges:
        response = exchange.get("response", {})
        theirs = [exchange["request"].get("query"), response.get("json"), response.get("text")]
        yield f"exchange {exchange['number']}", json.dumps(theirs, ensure_ascii=False), False
        yield f"exchange {exchange['number']}", json.dumps(exchange, ensure_ascii=False), True
    for name, page in recording.pages.items():
        yield f"the page {name}", page, False
    yield "the description", json.dumps(recording.about, ensure_ascii=False), True
