"""A statement as spans show it: without comments, and summarized as the tables that it changes or reads."""

from __future__ import annotations

import re
from functools import lru_cache

#: How much of a statement a span shows, in characters.
SHOWN = 200

#: Characters of a summary at most (OpenTelemetry's limit).
MAX_SUMMARY = 255

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)

#: A change of a table. Not: `do update set` of an upsert, and row locks (`for update of`, `for no key update`).
_CHANGE = re.compile(
    r"(?<!do )(?<!for )(?<!key )\b(insert into|update|delete from|merge into) ([\w.]+)", re.IGNORECASE
)

#: The first table or function that is read.
_READ = re.compile(r"\bfrom ([\w.]+)", re.IGNORECASE)


@lru_cache(maxsize=512)
def shown(query: str) -> str:
    """Returns the beginning of a statement, without comments and line breaks."""
    return _bare(query)[:SHOWN]


@lru_cache(maxsize=512)
def summary(query: str) -> str:
    """Returns the operations of a statement with their tables, such as `UPDATE clinics INSERT clinic_rules`; of one
    that changes nothing, its first word and the first table that it reads."""
    bare = _bare(query)
    changes = dict.fromkeys(f"{verb.split()[0].upper()} {table}" for verb, table in _CHANGE.findall(bare))
    if not changes:
        read = _READ.search(bare)
        verb = bare.partition(" ")[0].rstrip(";").upper()
        changes = {f"{verb} {read[1]}" if read else verb: None}
    found = ""
    for change in changes:
        if len(found) + len(change) >= MAX_SUMMARY:
            break
        found = f"{found} {change}".lstrip()
    return found


def _bare(query: str) -> str:
    return " ".join(_COMMENT.sub(" ", query).split())
