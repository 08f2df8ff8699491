"""Masks a page of the sign-in: its elements, the fields of its form, and the words of error messages stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser

from engine.portal.recording.harmless import ATTRIBUTES, EXPLAINED, FORM_ATTRIBUTES, KEPT_TAGS
from engine.portal.recording.stand_ins import StandIns
from engine.portal.redaction import mask_words

#: Elements without a content of their own in a recording: scripts, styles, pictures.
_DROPPED = frozenset(
    {"script", "style", "noscript", "template", "svg", "object", "video", "audio", "canvas", "link"}
)
_VOID = frozenset({"br", "hr", "input"})
_FORM_TAGS = frozenset({"form", "input", "button", "select", "textarea", "label"})
_VALUE = re.compile(r"[\w ./:-]{0,60}", re.ASCII)

#: The layout is indented up to this depth.
_DEEPEST = 20


def mask_page(html: str, stand_ins: StandIns) -> str:
    """The masked page, one element a line. Values of fields, addresses, scripts and styles are left out."""
    parser = _Masking(stand_ins)
    parser.feed(html)
    parser.close()
    return "\n".join(parser.lines) + "\n"


class _Masking(HTMLParser):
    def __init__(self, stand_ins: StandIns) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._stand_ins = stand_ins
        self._open: list[str] = []
        #: The element inside of which everything is dropped.
        self._within: str | None = None

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if self._within is not None:
            return
        if tag in _DROPPED:
            self._within = None if tag == "link" else tag
            return
        if tag in KEPT_TAGS:
            self._line(f"<{tag}{''.join(self._attribute(tag, name, value) for name, value in attrs)}>")
            if tag not in _VOID:
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within is not None:
            self._within = None if tag == self._within else self._within
        elif tag in self._open:
            while self._open:
                closed = self._open.pop()
                self._line(f"</{closed}>")
                if closed == tag:
                    return

    def handle_data(self, data: str) -> None:
        if self._within is None and (text := " ".join(data.split())):
            self._line(escape(self._scrubbed(mask_words(text)), quote=False))

    def close(self) -> None:
        super().close()
        while self._open:
            self._line(f"</{self._open.pop()}>")

    def _attribute(self, tag: str, name: str, value: str | None) -> str:
        if name not in ATTRIBUTES and not (tag in _FORM_TAGS and name in FORM_ATTRIBUTES):
            return ""
        if not value:
            return f" {name}"
        masked = re.sub(r"\d{3,}", lambda found: "9" * len(found.group()), value.partition("?")[0])
        found = _VALUE.match(masked)
        return f' {name}="{escape(self._scrubbed(found.group()))}"' if found else ""

    def _scrubbed(self, text: str) -> str:
        return self._stand_ins.scrub(text, EXPLAINED)

    def _line(self, text: str) -> None:
        self.lines.append("  " * min(len(self._open), _DEEPEST) + text)
