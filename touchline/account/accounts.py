"""Checks of the account: within itself, against the ledger's rows, against Kafka's own offsets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.account.differences import Mismatch
from touchline.kafka.offsets import TopicOffsets
from touchline.sql.subjects.records import FATES
from touchline.wording import counted

BALANCE = "account balances"
ROWS = "account equals the rows"
OFFSETS = "account equals Kafka's offsets"

RESTORE = (
    "`touchline restore` a backup from before that, if there is one: what came since is replayed from Kafka, "
    "as far back as the topic reaches"
)
REPORT_IT = "records are counted that have no fate: keep the ledger as it is and report this with `touchline doctor`"
ROWS_CHANGED = f"rows were lost, doubled or written by hand: {RESTORE}"
BEHIND = "a worker that is behind needs time (`--wait 60`), a missing one `touchline up` or `touchline worker`"
KAFKA_IS_SHORT = (
    "Kafka has lost records that are stored here (an unclean election of a leader, an older disk), or kafka_bootstrap names "
    "another Kafka; what is stored still counts, and a restore does not help: make the topic anew before more is sent"
)
BEGAN_LATER = (
    "records were in Kafka that no worker of this ledger has read: they had expired by then, or their rows are gone"
)


class StreamAccount(NamedTuple):
    """Sums of the marks of one stream. `first_offset` and `last_offset` are the ends of what the marks account for."""

    stream: str
    first_offset: int
    last_offset: int
    gaps: int
    counts: dict[str, int]

    @property
    def received(self) -> int:
        """Records read from Kafka."""
        return self.counts.get("received", 0)


def read_accounts(client: Client) -> list[StreamAccount]:
    """The account of every stream, from its marks."""
    rows = client.execute(
        "SELECT toString(stream), min(first_offset), max(offset), sum(gaps), sumMap(fate_counts) "
        "FROM journey_raw.ledger WHERE kind = 'mark' GROUP BY stream ORDER BY stream"
    )
    return [StreamAccount(*row) for row in rows]


def records_not_stored(accounts: list[StreamAccount], kafka: TopicOffsets) -> int:
    """Records that Kafka held then and that no mark accounts for."""
    following = {account.stream: account.last_offset + 1 for account in accounts}
    streams = (
        (f"{kafka.topic}/{kafka.incarnation}/{one}", kafka.beginning[one], end) for one, end in kafka.end.items()
    )
    return sum(max(0, end - max(following.get(stream, 0), beginning)) for stream, beginning, end in streams)


def check_balance(accounts: list[StreamAccount]) -> Iterator[Mismatch]:
    """received = sum of the fates; offsets = received + gaps."""
    for account in accounts:
        fates = sum(account.counts.get(fate, 0) for fate in FATES)
        if account.received != fates:
            yield Mismatch(BALANCE, account.stream, f"{account.received} received, but {fates} have a fate", REPORT_IT)
        offsets = account.last_offset - account.first_offset + 1
        if offsets != account.received + account.gaps:
            said = f"{offsets} offsets, but {account.received} received and {counted(account.gaps, 'gap')}"
            yield Mismatch(BALANCE, account.stream, said, REPORT_IT)


def check_rows(client: Client, accounts: list[StreamAccount]) -> Iterator[Mismatch]:
    """What the marks count by fate is what stands as rows, and each offset has one fate."""
    standing: dict[tuple[str, str], int] = {
        (stream, fate): count
        for stream, fate, count in client.execute(
            "SELECT toString(stream), toString(fate), sum(sign) FROM journey_raw.ledger WHERE kind = 'received' GROUP BY stream, fate"
        )
    }
    counted = {(account.stream, fate): account.counts.get(fate, 0) for account in accounts for fate in FATES}
    for key in sorted(standing.keys() | counted.keys()):
        if standing.get(key, 0) != counted.get(key, 0):
            said = f"{counted.get(key, 0)} {key[1]} by the marks, {standing.get(key, 0)} by the rows"
            yield Mismatch(ROWS, key[0], said, ROWS_CHANGED)
    for stream, offset, net in client.execute(
        "SELECT toString(stream), offset, sum(sign) AS net FROM journey_raw.ledger WHERE kind = 'received' "
        "GROUP BY stream, offset HAVING net != 1 ORDER BY stream, offset LIMIT 10"
    ):
        yield Mismatch(ROWS, stream, f"offset {offset} has {net} fates instead of one", ROWS_CHANGED)


def following(accounts: list[StreamAccount], kafka: TopicOffsets) -> dict[int, int]:
    """By partition of the topic as it is now the offset that is stored next."""
    known = {account.stream: account.last_offset + 1 for account in accounts}
    return {
        partition: max(known.get(f"{kafka.topic}/{kafka.incarnation}/{partition}", 0), beginning)
        for partition, beginning in kafka.beginning.items()
    }


def check_offsets(accounts: list[StreamAccount], kafka: TopicOffsets) -> Iterator[Mismatch]:
    """Everything that Kafka holds of the topic is accounted for, and nothing that it does not know of."""
    known = {account.stream: account for account in accounts}
    for partition, end in sorted(kafka.end.items()):
        stream = f"{kafka.topic}/{kafka.incarnation}/{partition}"
        account = known.get(stream)
        beginning, following = kafka.beginning[partition], account.last_offset + 1 if account else 0
        if account is None and end > beginning:
            yield Mismatch(
                OFFSETS, stream, f"{counted(end - beginning, 'record')} in Kafka, none accounted for", BEHIND
            )
        elif account is not None and following < end:
            yield Mismatch(
                OFFSETS,
                stream,
                f"Kafka is at offset {end}, the account at {following}: {end - following} not stored yet",
                BEHIND,
            )
        elif account is not None and following > end:
            yield Mismatch(
                OFFSETS,
                stream,
                f"the account is at offset {following}, Kafka only at {end}: was the topic cut?",
                KAFKA_IS_SHORT,
            )
        if account is not None and account.first_offset > beginning:
            yield Mismatch(
                OFFSETS,
                stream,
                f"Kafka begins at offset {beginning}, the account only at {account.first_offset}",
                BEGAN_LATER,
            )
