"""Opens the vault of the clinics' secrets with the key of the settings."""

from __future__ import annotations

from actors.settings import Settings
from engine.store.vault import Vault


def open_vault(settings: Settings) -> Vault:
    """Returns the vault. Raises `VaultError` if `ENCRYPTION_KEY` is missing or invalid."""
    key = settings.encryption_key
    return Vault.from_ring("" if key is None else key.get_secret_value())
