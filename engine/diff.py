"""Compares a scrape of a date with the stored appointments by `sync_hash`; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DateDiff:
    """Ids by kind of change; all others are unchanged.

    `changed` are on the date with other values; `arrived` are not stored on it; `back` had been missing and are as
    they were; `gone` are stored on it and were not seen.
    """

    changed: Sequence[str]
    arrived: Sequence[str]
    back: Sequence[str]
    gone: Sequence[str]


def diff_date(
    ids: Collection[str], hashes: Collection[str], missing: Collection[str], seen: Mapping[str, str]
) -> DateDiff:
    """Compares the stored `ids` and `hashes` of a date with `seen`, which maps ids to hashes.

    `ids` are unique and parallel to `hashes`; `missing` are those that an earlier scrape of the date had not seen
    either.
    """
    differing = [key for key, sync_hash in zip(ids, hashes, strict=True) if seen.get(key) != sync_hash]
    changed = [key for key in differing if key in seen]
    unseen = len(differing) - len(changed)
    return DateDiff(
        changed=changed,
        arrived=[] if len(seen) == len(ids) - unseen else sorted(seen.keys() - set(ids)),
        back=sorted(set(missing).difference(differing)),
        gone=sorted(set(differing).difference(seen, missing)) if unseen else [],
    )
