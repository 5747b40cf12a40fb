"""Every view of two ledgers, row for row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from clickhouse_driver import Client

ARRIVED: Final = "when it was stored"
TOPIC: Final = "which topic it came by: each run has its own"
PLACE: Final = "where the record lies in Kafka"
ASIDE: Final[Mapping[str, Mapping[str, str]]] = {
    "journey.account": {"topic": TOPIC, "incarnation": TOPIC},
    "journey.dim_map": {"registered_at": ARRIVED},
    "journey.freshness": {"last_stored_at": ARRIVED, "delay_p50_seconds": ARRIVED, "delay_p90_seconds": ARRIVED},
    "journey.quarantine": {"received_at": ARRIVED, "topic": TOPIC, "partition": PLACE, "offset": PLACE},
    "journey.map_versions": {"changed_at": ARRIVED, "shown_at": ARRIVED},
}
"""Columns that are no function of the events, by view, each with the reason."""
SHOWN: Final = 4
Rows = dict[int, int]


class Difference(NamedTuple):
    """A view with other rows in the one ledger than in the other."""

    view: str
    missing: int
    foreign: int
    examples: tuple[str, ...]

    def text(self) -> str:
        """For people."""
        return f"{self.view}: {self.missing} rows missing, {self.foreign} that should not be there" + "".join(
            f"\n    {one}" for one in self.examples
        )


def compared(source: str, columns: Sequence[str], truth: Client, found: Client) -> Difference | None:
    """What differs in these columns of `source`, a view with its arguments, between a ledger that is right and one that may be."""
    right, other = (_hashes(client, columns, source) for client in (truth, found))
    if right == other:
        return None
    missing, foreign = Counter(right), Counter(other)
    missing.subtract(other)
    foreign.subtract(right)
    missing, foreign = +missing, +foreign
    examples = [f"- {one}" for one in _examples(truth, columns, source, missing)]
    examples += [f"+ {one}" for one in _examples(found, columns, source, foreign)]
    return Difference(source, missing.total(), foreign.total(), tuple(sorted(examples, key=lambda one: one[2:])))


def compared_columns(client: Client, view: str, source: str) -> list[str]:
    """The columns of the view that follow from the events; those of one with arguments are known where it has them only."""
    aside = ASIDE.get(view, {})
    names = [name for name, *_ in client.execute(f"DESCRIBE TABLE {source}")]
    unknown = aside.keys() - set(names)
    assert not unknown, f"{view} has no column {unknown}"
    return [name for name in names if name not in aside]


def _hashes(client: Client, columns: Sequence[str], source: str) -> Rows:
    listed = ", ".join(f"`{name}`" for name in columns)
    rows = client.execute(f"SELECT {_hash_of(columns)} AS h, count() FROM (SELECT {listed} FROM {source}) GROUP BY h")
    return {hashed: int(count) for hashed, count in rows}


def _hash_of(columns: Sequence[str]) -> str:
    return f"cityHash64(toString(tuple({', '.join(f'`{name}`' for name in columns)})))"


def _examples(client: Client, columns: Sequence[str], source: str, hashes: Rows) -> Iterator[str]:
    if not hashes:
        return
    some = ", ".join(str(one) for one in sorted(hashes)[:SHOWN])
    listed = ", ".join(f"`{name}`" for name in columns)
    query = f"SELECT {listed} FROM (SELECT {listed} FROM {source}) WHERE {_hash_of(columns)} IN ({some}) LIMIT {SHOWN}"
    for row in client.execute(query):
        yield ", ".join(
            f"{name}={_short(value)}" for name, value in zip(columns, row, strict=True) if value is not None
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"
