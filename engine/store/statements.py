"""Splits a migration into its statements, so that a failure can name the one that failed."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: What may hold a semicolon that ends nothing, and the semicolon that ends a statement.
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"|(?P<tag>\$\w*\$).*?(?P=tag)|\bbegin atomic\b.*?\bend;|;",
    re.DOTALL | re.IGNORECASE,
)


def split(text: str) -> Iterator[str]:
    """The statements of a file, in order, each with the comments before it."""
    start = 0
    for token in _TOKEN.finditer(text):
        if token[0].endswith(";") and (token[0] == ";" or token[0].lower().startswith("begin atomic")):
            yield text[start : token.end()].strip()
            start = token.end()
    if rest := re.sub(r"--[^\n]*", "", text[start:]).strip():
        yield rest
