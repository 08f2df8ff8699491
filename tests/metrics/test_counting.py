"""What an event of a sync adds to the counters."""

from __future__ import annotations

from actors.metrics import catalogue
from actors.metrics.counting import Metrics


def test_the_end_of_a_sync_counts_its_warnings_by_code() -> None:
    metrics = Metrics()
    end = {
        "event": "completed",
        "partial_success": False,
        "stats": {"appointments_removed": 0},
        "duration_ms": 1000,
        "warnings": [
            {"code": "unknown_fields", "message": "2 fields: a, b"},
            {"code": "new_fields", "message": "1 field: b"},
        ],
    }
    metrics.record_event(end)
    metrics.record_event(end | {"warnings": end["warnings"][:1]})  # type: ignore[index]
    metrics.record_event({name: value for name, value in end.items() if name != "warnings"})
    counter = metrics._counters[catalogue.WARNINGS]
    samples = [sample for family in counter.collect() for sample in family.samples]
    counted = {sample.labels["code"]: sample.value for sample in samples if sample.name.endswith("_total")}
    assert (counted["unknown_fields"], counted["new_fields"], counted["records_left_out"]) == (2, 1, 0)
