"""What one look at a date changes in what is stored of it: a pure comparison by `sync_hash`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DateDiff:
    """All by id: `changed` stand on the date with other values; `arrived` do not stand on it; `back` had been missing
    and are as they were; `gone` stand on it and were not seen. Everything else is as it was."""

    changed: Sequence[str]
    arrived: Sequence[str]
    back: Sequence[str]
    gone: Sequence[str]


def diff_date(stored: Mapping[str, str], missing: Collection[str], seen: Mapping[str, str]) -> DateDiff:
    """`stored` and `seen` map ids to hashes; `missing` are those of the stored that an earlier look at the date had
    not seen either."""
    differs = [key for key, sync_hash in seen.items() if stored.get(key) != sync_hash]
    arrived = [key for key in differs if key not in stored]
    is_all_seen = len(stored) == len(seen) - len(arrived)
    return DateDiff(
        changed=[key for key in differs if key in stored],
        arrived=arrived,
        back=[key for key in missing if seen.get(key) == stored[key]],
        gone=[] if is_all_seen else [key for key in stored if key not in seen and key not in missing],
    )
