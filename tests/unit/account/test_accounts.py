"""The account's arithmetic, without an engine."""

from __future__ import annotations

import pytest

from touchline.account.accounts import StreamAccount, check_balance, check_offsets
from touchline.kafka.offsets import TopicOffsets
from touchline.report.page import account_line
from touchline.report.values import Account

STREAM = "events/id/0"
SOUND = StreamAccount(STREAM, 0, 9, 2, {"received": 8, "stored": 5, "duplicate": 2, "quarantined": 1})


def kafka(beginning: int, end: int) -> TopicOffsets:
    return TopicOffsets("events", "id", {0: beginning}, {0: end})


def test_an_account_that_adds_up_has_no_difference() -> None:
    assert list(check_balance([SOUND])) == []
    assert list(check_offsets([SOUND], kafka(0, 10))) == []


@pytest.mark.parametrize(
    ("account", "said"),
    [
        (SOUND._replace(counts=SOUND.counts | {"erased": 1}), "8 received, but 9 have a fate"),
        (SOUND._replace(gaps=1), "10 offsets, but 8 received and 1 gap"),
    ],
)
def test_an_account_that_does_not_add_up_says_both_numbers(account: StreamAccount, said: str) -> None:
    assert [difference.said for difference in check_balance([account])] == [said]


@pytest.mark.parametrize(
    ("accounts", "offsets", "said"),
    [
        ([SOUND], kafka(0, 12), "Kafka is at offset 12, the account at 10: 2 not stored yet"),
        ([SOUND], kafka(0, 7), "the account is at offset 10, Kafka only at 7: was the topic cut?"),
        ([SOUND._replace(first_offset=4)], kafka(1, 10), "Kafka begins at offset 1, the account only at 4"),
        ([], kafka(3, 7), "4 records in Kafka, none accounted for"),
        ([SOUND._replace(stream="events/older id/0")], kafka(0, 1), "1 record in Kafka, none accounted for"),
    ],
)
def test_what_kafka_says_otherwise_is_named(accounts: list[StreamAccount], offsets: TopicOffsets, said: str) -> None:
    assert [(difference.subject, difference.said) for difference in check_offsets(accounts, offsets)] == [
        (STREAM, said)
    ]


def test_an_empty_partition_that_nobody_read_is_clean() -> None:
    assert list(check_offsets([], kafka(0, 0))) == []
    assert list(check_offsets([SOUND], kafka(10, 10))) == []  # retention took what was accounted for


def test_the_account_line_names_every_fate_and_its_verdict() -> None:
    sound = Account(8, 5, 2, 0, 1, 0, 0, 2, is_balanced=True)
    assert account_line(sound) == (
        "account: 8 received = 5 stored + 2 duplicate + 0 superseded + 1 quarantined + 0 suppressed + 0 erased; 2 gaps; balanced"
    )
    assert "NOT BALANCED" in account_line(sound._replace(is_balanced=False))
