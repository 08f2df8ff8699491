"""Settings that cannot be meant stop the start."""

from __future__ import annotations

import pytest

from actors.settings import SettingsError, load, unused_variables
from actors.settings.predecessor import ALIASES, WITHOUT_MEANING
from engine.store.vault import Vault, VaultError


@pytest.mark.parametrize("actor", ["COORDINATOR", "DATE_SCRAPER", "RECONCILER", "NOTIFIER"])
@pytest.mark.parametrize("size", ["-5", "0"])
def test_a_mailbox_without_room_or_without_a_bound_is_refused_by_name(
    actor: str, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MAILBOX_SIZE_{actor}", size)
    with pytest.raises(SettingsError, match=f"MAILBOX_SIZE_{actor}='{size}'"):
        load.__wrapped__()


def test_a_renamed_setting_keeps_its_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOVAL_FENCE_COUNT", "7")
    monkeypatch.setenv("REMOVAL_FENCE_PERCENT", "12.5")
    limit = load.__wrapped__().removal_limit
    assert (limit.count, limit.percent) == (7, 12.5)
    monkeypatch.setenv("REMOVAL_LIMIT_COUNT", "8")
    assert load.__wrapped__().removal_limit.count == 8, "the new name wins"
    monkeypatch.setenv("REMOVAL_FENCE_PERCENT", "101")
    with pytest.raises(SettingsError, match="REMOVAL_LIMIT_PERCENT='101'"):
        load.__wrapped__()


class TestTheReplacedServicesNames:
    @pytest.fixture(autouse=True)
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in (*ALIASES.values(), *WITHOUT_MEANING, "HTTP_PORT", "HTTP_HOST", "HEADLESS", "LOG_LEVEL"):
            monkeypatch.delenv(name, raising=False)

    def test_they_count_where_ours_are_not_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in {"PORT": "3100", "HOST": "::1", "PLAYWRIGHT_HEADLESS": "false"}.items():
            monkeypatch.setenv(name, value)
        settings = load.__wrapped__()
        assert (settings.http_port, settings.http_host, settings.headless) == (3100, "::1", False)
        monkeypatch.setenv("HTTP_PORT", "3200")
        assert load.__wrapped__().http_port == 3200

    @pytest.mark.parametrize("level", ["warn", "WARN", "warning"])
    def test_its_log_levels_are_ours(self, level: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOG_LEVEL", level)
        assert load.__wrapped__().log_level == "warning"

    def test_a_host_that_is_no_address_is_not_meant_for_us(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOST", "x86_64-conda-linux-gnu")
        assert load.__wrapped__().http_host == "127.0.0.1"
        assert "HTTP_HOST" in unused_variables()["HOST"]

    def test_a_bad_value_is_named_as_it_was_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PORT", "http")
        with pytest.raises(SettingsError, match=r"^PORT='http'"):
            load.__wrapped__()

    def test_those_without_a_meaning_are_named_with_what_does_their_job(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SUPABASE_URL", "https://project.example")
        assert "DATABASE_URL" in unused_variables()["SUPABASE_URL"]
        monkeypatch.delenv("DATABASE_URL", raising=False)
        with pytest.raises(SettingsError, match="SUPABASE_URL does not replace it"):
            load.__wrapped__().need_database_url()

    def test_its_encryption_key_is_recognized(self) -> None:
        with pytest.raises(VaultError, match="32 characters is the replaced service's"):
            Vault.from_ring("0123456789abcdef0123456789abcdef")
