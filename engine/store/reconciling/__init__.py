"""Brings what is stored in line with what was seen of the portal.

**What is compared.** A snapshot is a complete look at one date at one time. `reconcile_snapshot` reads the ids
and hashes that stand on the date (one row of arrays) while it hashes what was seen, compares in the program
(`engine.diff`), and hands over only what differs, as an array of rows: one statement writes what changed on the
date, one what came to it, one marks what is gone. A date on which nothing changed costs one statement and writes
one row, the time of its newest scrape. Chosen by measuring: `python -m ops.bench reconcile`.

**Which look wins.** `schedule_date_scrapes` holds the newest applied look of each date, and an older one that
comes later changes nothing. So where an appointment stands depends on the newest looks of the dates, not on the
order in which they were applied, nor on how often.

**Moves keep their row.** An appointment has one row. Where another date shows it, it follows the place where it
*appeared last* (`appeared_at`: the first look that showed it there). If the portal shows it on both days, the
other place is kept in `schedule_second_sightings` until that date is looked at without it; so a glitch is one
`moved` change, whichever day is read first. If the place of its row is looked at without it, it follows the
other place at once. At the end of a sync, what it saw only elsewhere moves there (`settle`).

**Repeating records share the portal's id** (`engine.repeating`). For some seconds a move looks the same, so an id
repeats when two places have shown it for longer than a move takes: each was shown when the later one appeared, and
still is in the newest looks at both. Then the row is renamed to its occurrence, without a change, and every other place
gets a row of its own. A sync that cannot tell yet looks at these dates once more; what is not decided then fails.

**Missing is not removed.** A row that the newest look at its date does not show has `missing_since`, and keeps
everything else, whether it was seen elsewhere before or will be later. Removal is decided once, at the end of a
sync: missing from two looks at its date, seen by no complete scrape of this sync, and every date of the sync
looked at `Fence.settle` after the first of the two looks, while nothing else moved. A date that failed may be where
it has moved to; so a missing appointment is protected until every date of the sync that failed has been looked at
that late. A record that was left out may be it; so it protects, too (`engine.left_out`).

**The fence** (`engine.removals`). Too many removals are held back in `schedule_held_removals`, each with the
absence it is about (`missing_since`). Being seen again ends the absence, and with it the held removal; being
missed again by a later sync does not. A person approves or rejects the rest.

**Turns.** Every writer calls `lock_clinic` first (`reconcile_snapshot` does within its look at the date): one
clinic's writers take turns, clinics do not wait for each other. Everything runs inside the caller's transaction
(read committed), so that data, changes and events commit together.

**What it is not.** It does not scrape, does not move a sync's or a date's state, and publishes nothing: changes
are recorded in `schedule_appointment_changes`, and the relay publishes from there.
"""

from engine.store.reconciling.appointments import DateCounts, reconcile_snapshot
from engine.store.reconciling.clinic_lock import lock_clinic
from engine.store.reconciling.dry_run import DryRun, dry_run
from engine.store.reconciling.held import approve_removals, held_removals, reject_removals
from engine.store.reconciling.history import (
    Change,
    Difference,
    Undone,
    changes_of,
    difference,
    history,
    net_changes_of,
    undo,
)
from engine.store.reconciling.removals import Removals, apply_removals, plan_removals, reconciled_dates
from engine.store.reconciling.repeating import Undecided, is_undecided, repeating_ids, undecided
from engine.store.reconciling.resources import Resource, list_resources, set_resources
from engine.store.reconciling.retention import Lifetimes, sweep
from engine.store.reconciling.schedule_config import (
    StoredConfig,
    load_schedule_config,
    load_stored_config,
    save_config_reading,
    save_schedule_config,
)
from engine.store.reconciling.slots import SlotCounts, refresh_slots, update_slot_counts

__all__ = [
    "Change",
    "DateCounts",
    "Difference",
    "DryRun",
    "Lifetimes",
    "Removals",
    "Resource",
    "SlotCounts",
    "StoredConfig",
    "Undecided",
    "Undone",
    "apply_removals",
    "approve_removals",
    "changes_of",
    "difference",
    "dry_run",
    "held_removals",
    "history",
    "is_undecided",
    "list_resources",
    "load_schedule_config",
    "load_stored_config",
    "lock_clinic",
    "net_changes_of",
    "plan_removals",
    "reconcile_snapshot",
    "reconciled_dates",
    "refresh_slots",
    "reject_removals",
    "repeating_ids",
    "save_config_reading",
    "save_schedule_config",
    "set_resources",
    "sweep",
    "undecided",
    "undo",
    "update_slot_counts",
]
