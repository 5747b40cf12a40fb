"""The account's arithmetic, without an engine."""

from __future__ import annotations

import pytest

from touchline.account.accounts import BEGAN_LATER, BEHIND, KAFKA_IS_SHORT, StreamAccount, check_balance, check_offsets
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
    ("accounts", "offsets", "said", "hint"),
    [
        ([SOUND], kafka(0, 12), "Kafka is at offset 12, the account at 10: 2 not stored yet", BEHIND),
        ([SOUND], kafka(0, 7), "the account is at offset 10, Kafka only at 7: was the topic cut?", KAFKA_IS_SHORT),
        (
            [SOUND._replace(first_offset=4)],
            kafka(1, 10),
            "Kafka begins at offset 1, the account only at 4",
            BEGAN_LATER,
        ),
        ([], kafka(3, 7), "4 records in Kafka, none accounted for", BEHIND),
        ([SOUND._replace(stream="events/older id/0")], kafka(0, 1), "1 record in Kafka, none accounted for", BEHIND),
    ],
)
def test_what_kafka_says_otherwise_is_named_with_what_helps_which_is_no_restore(
    accounts: list[StreamAccount], offsets: TopicOffsets, said: str, hint: str
) -> None:
    (found,) = check_offsets(accounts, offsets)
    assert (found.subject, found.said, found.hint) == (STREAM, said, hint)
    assert "touchline restore" not in found.hint


def test_an_empty_partition_that_nobody_read_is_clean() -> None:
    assert list(check_offsets([], kafka(0, 0))) == []
    assert list(check_offsets([SOUND], kafka(10, 10))) == []  # retention took what was accounted for


def test_the_account_line_names_every_fate_and_its_verdict() -> None:
    sound = Account(8, 5, 2, 0, 1, 0, 0, 2, is_balanced=True)
    assert account_line(sound) == (
        "account: 8 received = 5 stored + 2 duplicate + 0 superseded + 1 quarantined + 0 suppressed + 0 erased; 2 gaps; balanced"
    )
    assert "NOT BALANCED" in account_line(sound._replace(is_balanced=False))
