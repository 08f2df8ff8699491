"""The whole system, as tests/system runs it; what guards it is looked at here."""

from tests.system.conftest import asker, clinics, key_ring, sandbox, settings, system

__all__ = ["asker", "clinics", "key_ring", "sandbox", "settings", "system"]
