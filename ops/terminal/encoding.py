"""Replaces characters that the encoding of the output does not have."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata
from typing import TextIO

#: Replacements for missing characters; other characters lose their accents or become `?`.
STAND_INS = {
    "✓": "+",
    "✗": "x",
    "·": "-",
    "→": "->",
    "►": ">",
    "▌": "|",
    "│": "|",
    "─": "-",
    "━": "-",
    "…": "...",
    "–": "-",
    "’": "'",
    "×": "x",
    "↻": "~",
    "∞": "inf",
    "█": "#",
    "░": ".",
    "“": '"',
    "”": '"',
}

_HANDLER = "idexx-sync.stand-in"


def use_stand_ins() -> None:
    """Makes stdout and stderr accept all text, so that no command fails because of a character that it prints."""
    codecs.register_error(_HANDLER, _stand_in)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None if the command was started without this stream
            stream.reconfigure(errors=_HANDLER)


def is_unicode(stream: TextIO) -> bool:
    """Whether the stream's encoding can represent every character."""
    return (stream.encoding or "").lower().startswith("utf")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(sign: str) -> str:
    letters = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    return STAND_INS.get(sign) or letters or "?"
