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


def diff_date(
    ids: Collection[str], hashes: Collection[str], missing: Collection[str], seen: Mapping[str, str]
) -> DateDiff:
    """`ids`, each of them once, and `hashes` are side by side what stands on the date; `missing` are those of the ids
    that an earlier look at the date had not seen either; `seen` maps ids to hashes."""
    differing = [key for key, sync_hash in zip(ids, hashes, strict=True) if seen.get(key) != sync_hash]
    changed = [key for key in differing if key in seen]
    unseen = len(differing) - len(changed)
    return DateDiff(
        changed=changed,
        arrived=[] if len(seen) == len(ids) - unseen else sorted(seen.keys() - set(ids)),
        back=sorted(set(missing).difference(differing)),
        gone=sorted(set(differing).difference(seen, missing)) if unseen else [],
    )
