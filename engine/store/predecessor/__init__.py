"""The database of the service that this one replaces: recognised, checked, and given back."""

from __future__ import annotations

from engine.store.predecessor.check import Check, Problem, Step, check_public
from engine.store.predecessor.notes import notes
from engine.store.predecessor.objects import TABLES, is_predecessor, save_objects, secure
from engine.store.predecessor.undo import undo

__all__ = [
    "TABLES",
    "Check",
    "Problem",
    "Step",
    "check_public",
    "is_predecessor",
    "notes",
    "save_objects",
    "secure",
    "undo",
]
