"""Fixtures: the whole system of tests/system, for tests of its safeguards."""

from tests.system.conftest import asker, clinics, key_ring, sandbox, settings, system

__all__ = ["asker", "clinics", "key_ring", "sandbox", "settings", "system"]
