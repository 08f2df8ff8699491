from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from engine.failure import PortalFailure, Reason
from engine.portal.schedule_config import read_config
from engine.schedule import Room, ScheduleConfig
from tests.portal.shapes import NOW, answer

WHOLE: dict[str, Any] = {
    "businessHours": {"start": "07:30", "end": "19:00", "daysOfWeek": [5, 1, 2]},
    "slotDuration": 20,
    "providers": [{"id": 1, "name": "Dr. Lindqvist"}],
    "rooms": [{"id": "room-1", "name": "Exam 1"}, {"id": 2, "name": None}],
}


def test_a_whole_configuration_is_read():
    assert read_config(answer(WHOLE), NOW) == ScheduleConfig(
        time(7, 30), time(19), (1, 2, 5), 20, (Room("room-1", "Exam 1"), Room("2", "2"))
    )


@pytest.mark.parametrize("part", list(WHOLE))
def test_any_part_may_be_missing(part: str):
    defaults = ScheduleConfig()
    for value in ({k: v for k, v in WHOLE.items() if k != part}, WHOLE | {part: None}):
        config = read_config(answer(value), NOW)
        assert config.rooms == (None if part == "rooms" else config.rooms)
        if part == "businessHours":
            assert (config.opens, config.closes) == (defaults.opens, defaults.closes)


def test_nothing_at_all_gives_the_defaults():
    assert read_config(answer({}), NOW) == ScheduleConfig()
    assert read_config(answer({"businessHours": {"end": "20:00"}}), NOW) == ScheduleConfig(closes=time(20))


@pytest.mark.parametrize(
    "value",
    [
        [],
        None,
        {"hours": {}},
        {"businessHours": {"start": "18:00", "end": "08:00"}},
        {"businessHours": {"start": "25:00"}},
        {"businessHours": {"daysOfWeek": [7]}},
        {"businessHours": {"daysOfWeek": "Mon"}},
        {"slotDuration": 0},
        {"slotDuration": -15},
        {"slotDuration": True},
        {"slotDuration": 100_000},
        {"rooms": [{"name": "no id"}]},
        {"rooms": [{"id": 1}, {"id": "1"}]},
        {"rooms": "room-1"},
    ],
)
def test_nonsense_is_refused(value: Any):
    with pytest.raises(PortalFailure) as caught:
        read_config(answer(value), NOW)
    assert caught.value.failure.reason is Reason.PORTAL_CHANGED
