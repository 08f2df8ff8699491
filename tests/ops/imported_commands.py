"""Imports all commands and what they import on use."""

from __future__ import annotations

import importlib

import rich.markdown  # noqa: F401

from ops.cli.app import COMMANDS

for _, place, _, _ in COMMANDS:
    importlib.import_module("ops.cli." + place.partition(":")[0])
