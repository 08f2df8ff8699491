"""Formats values for nats-server's configuration: JSON, except for its escapes."""

from __future__ import annotations

import json
import re
from typing import Any

_ESCAPE = re.compile(r"\\(?:u00([01][0-9a-f])|.)")

#: JSON escapes that nats-server refuses.
_UNKNOWN = {r"\b": r"\x08", r"\f": r"\x0c"}


def config_text(value: Any, indent: int | None = None) -> str:
    """Returns `value` as JSON without `\\u` escapes, which nats-server refuses: a path may contain any
    character."""
    return _ESCAPE.sub(
        lambda escape: rf"\x{escape[1]}" if escape[1] else _UNKNOWN.get(escape[0], escape[0]),
        json.dumps(value, indent=indent, ensure_ascii=False),
    )
