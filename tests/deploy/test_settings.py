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
