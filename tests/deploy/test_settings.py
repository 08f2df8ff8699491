"""Settings that cannot be meant stop the start."""

from __future__ import annotations

import pytest

from actors.settings import SettingsError, load


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
