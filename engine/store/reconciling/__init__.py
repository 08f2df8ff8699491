"""Brings the stored appointments in line with the portal's snapshots.

**Comparison.** A snapshot is a complete read of one date at one time. `reconcile_snapshot` reads the ids and
hashes stored for the date (one row of arrays) while it hashes the snapshot, compares in the program
(`engine.diff`), and passes on only the differences, as an array of rows: one statement writes what changed on the
date, one what arrived on it, one marks what is gone. A date without changes costs one statement and writes one
row, the time of its newest scrape. Chosen by measuring: `python -m ops.bench reconcile`.

**The newest scrape wins.** `schedule_date_scrapes` holds the newest applied scrape of each date, and an older one
that arrives later changes nothing. So an appointment's place depends on the newest scrapes of the dates, not on
the order in which they were applied, nor on how often.

**Moves keep their row.** An appointment has one row. If another date shows it, the row follows the place where it
*appeared last* (`appeared_at`: the first scrape that showed it there). If the portal shows it on both days, the
other place is kept in `schedule_second_sightings` until a scrape of that date no longer shows it; so a glitch is
one `moved` change, whichever day is read first. If a scrape of the row's own date no longer shows it, the row
follows the other place at once. At the end of a sync, appointments that it saw only elsewhere move there
(`settle`).

**Repeating records share the portal's id** (`engine.repeating`). For some seconds a move looks the same, so an id
repeats when two places have shown it for longer than a move takes: each was shown when the later one appeared, and
still is in the newest scrapes of both. Then the row is renamed to its occurrence, without a change, and every
other place gets a row of its own. A sync that cannot decide yet reads these dates once more; what stays undecided
fails.

**Missing is not removed.** A row that the newest scrape of its date does not show has `missing_since`, and keeps
everything else, whether it was seen elsewhere before or will be later. Removal is decided once, at the end of a
sync: missing from two reads of its date, seen by no complete scrape of this sync, and every date of the sync read
`RemovalLimit.settle` after the first of the two reads, while nothing else moved. It may have moved to a date that
failed; so a missing appointment is protected until every failed date of the sync has been read that late. A
left-out record may be it, and protects it as well (`engine.left_out`).

**The removal limit** (`engine.removals`). Removals above the limit are held in `schedule_held_removals`, each with
the absence that it concerns (`missing_since`). Being seen again ends the absence, and with it the held removal;
being missed again by a later sync does not. A person approves or rejects the rest.

**Locking.** Every writer calls `lock_clinic` first (`reconcile_snapshot` does so in `look_at_references`): one clinic's
writers take turns, clinics do not wait for each other. Everything runs inside the caller's transaction (read
committed), so data, changes and events commit together.

**Not included.** This package does not scrape, does not change a sync's or a date's state, and publishes nothing:
changes are recorded in `schedule_appointment_changes`, and the relay publishes from there.
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
    changes_on_date,
    difference,
    history,
    net_changes_of,
    undo,
)
from engine.store.reconciling.planned import PlannedChange, planned_changes
from engine.store.reconciling.removals import Removals, apply_removals, plan_removals, reconciled_dates
from engine.store.reconciling.repeating import Undecided, is_undecided, repeating_ids, undecided
from engine.store.reconciling.resources import Resource, list_resources
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
    "PlannedChange",
    "Removals",
    "Resource",
    "SlotCounts",
    "StoredConfig",
    "Undecided",
    "Undone",
    "apply_removals",
    "approve_removals",
    "changes_of",
    "changes_on_date",
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
    "planned_changes",
    "reconcile_snapshot",
    "reconciled_dates",
    "refresh_slots",
    "reject_removals",
    "repeating_ids",
    "save_config_reading",
    "save_schedule_config",
    "sweep",
    "undecided",
    "undo",
    "update_slot_counts",
]
