"""How long a topic keeps records, as its configuration says."""

from __future__ import annotations

import pytest

from touchline.kafka.retention import TopicRetention, retention_of

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("policy", "retention_ms", "kept", "longest"),
    [
        ("delete", 14 * DAY_MS, TopicRetention(14 * DAY_MS, DAY_MS, is_compacted=False), 15 * DAY_MS),
        ("delete", -1, TopicRetention(None, DAY_MS, is_compacted=False), None),
        ("compact", 14 * DAY_MS, TopicRetention(None, DAY_MS, is_compacted=True), None),
        ("compact,delete", 14 * DAY_MS, TopicRetention(14 * DAY_MS, DAY_MS, is_compacted=True), 15 * DAY_MS),
        ("delete", 0, TopicRetention(0, DAY_MS, is_compacted=False), DAY_MS),
    ],
)
def test_a_record_may_be_there_until_the_last_one_of_its_segment_is_old_enough(
    policy: str, retention_ms: int, kept: TopicRetention, longest: int | None
) -> None:
    found = retention_of({"cleanup.policy": policy, "retention.ms": str(retention_ms), "segment.ms": str(DAY_MS)})
    assert found == kept
    assert found.longest_ms == longest
