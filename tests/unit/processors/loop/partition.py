"""Events of one partition as senders produce them, and what the tables must hold of them whatever happens on the way."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.unit.processors.loop.world import event, make_loop, person_key, records_of, store_all
from touchline.processors.ledger.columns import FACT
from touchline.processors.ledger.memory import MemoryLedger, Row
from touchline.schemas.canonical import payload_hash_of_own

Event = dict[str, Any]
_POSITION = {"stream", "insert_number", "stored_time", "offset", "row_id", "sign"}


def version(number: int, person: int | None, minute: int, kind: str, revision: int, place: str) -> Event:
    """One version of the event of this number."""
    one = event(number, person, minute, "till" if kind == "link" else kind, revision=revision, place=place)
    if kind == "till":
        one |= {
            "amount": {"amount_minor": minute, "currency": "EUR"},
            "order": {"id": f"o{number}", "kind": "purchase"},
        }
    if kind == "link" and person is not None:
        one["persons"] = [{"type": "login", "key": person_key(of)} for of in (person, person + 4)]
    if kind == "answer":
        del one["touchpoint"], one["place"]
        one |= {
            "type": "touchline.answer.v1", "survey": place, "question": "q", "question_version": "1", "language": "en",
            "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10, "score": minute % 11,
            "about": {"touchpoint": "site", "occurred_at": one["time"]},
        }  # fmt: skip
    return one


VERSIONS = st.builds(
    version,
    st.integers(0, 9),
    st.sampled_from([None, 1, 1, 2, 3]),
    st.integers(0, 4000),
    st.sampled_from(["poster", "site", "till", "unheard_of", "answer", "link"]),
    st.sampled_from([0, 0, 0, 0, 1, 2]),
    st.sampled_from(["a", "b"]),
)


@st.composite
def deliveries(draw: st.DrawFn, max_size: int = 24) -> list[Event]:
    """Versions in any order: late, revised, in conflict, under another person or time, and some of them again."""
    versions = draw(st.lists(VERSIONS, min_size=1, max_size=max_size))
    again = draw(st.lists(st.sampled_from(versions), max_size=8))
    return draw(st.permutations([*versions, *again]))


def _hash_of(one: Event) -> int:
    return payload_hash_of_own(one, one.values())


def winners(events: Sequence[Event]) -> list[Event]:
    """The versions that count, in order: of each id the highest revision, of those the smallest hash."""
    by_id: dict[str, list[Event]] = defaultdict(list)
    for one in events:
        by_id[one["id"]].append(one)
    counting = [min(versions, key=lambda one: (-one.get("revision", 0), _hash_of(one))) for versions in by_id.values()]
    return sorted(counting, key=lambda one: (one["time"], one["id"]))


def expected_fates(events: Sequence[Event]) -> dict[str, int]:
    """How many records end how, counted from the definition."""
    versions = {(one["id"], one.get("revision", 0), _hash_of(one)) for one in events}
    top: dict[str, int] = {}
    for number, revision, _ in versions:
        top[number] = max(revision, top.get(number, 0))
    superseded = sum(revision < top[number] for number, revision, _ in versions)
    counts = {
        "received": len(events),
        "stored": len(top),
        "superseded": superseded,
        "quarantined": len(versions) - superseded - len(top),
        "duplicate": len(events) - len(versions),
    }
    return {fate: count for fate, count in counts.items() if count}


class Tables(NamedTuple):
    """What stands, without positions: facts of stored events, attached rows, links."""

    facts: Counter[tuple[Any, ...]]
    attached: Counter[tuple[Any, ...]]
    links: Counter[tuple[Any, ...]]


def tables_of(ledger: MemoryLedger, accepts: Callable[[Row], bool] = lambda row: True) -> Tables:
    """The tables of a ledger. A row that stands twice counts twice."""

    def rows(kind: str, names: Sequence[str] | None = None) -> Counter[tuple[Any, ...]]:
        return Counter(
            tuple(
                sorted(
                    (name, str(value))
                    for name, value in row.items()
                    if value and name not in _POSITION and (names is None or name in names)
                )
            )
            for row in ledger.standing(kind, accepts)
            if kind != "received" or row["fate"] == "stored"
        )

    # Texts are sealed with a new nonce each time.
    facts = rows("received", [name for name in FACT if name not in ("comment", "received_time")])
    return Tables(facts, rows("attached"), rows("link") + rows("unlink"))


def expected_tables(events: Sequence[Event]) -> Tables:
    """One sorted pass over the versions that count, in one batch: nothing late, nothing repeated, nothing revised twice."""
    ledger = MemoryLedger()
    if events:
        with tempfile.TemporaryDirectory() as state:
            loop = make_loop(ledger, Path(state))
            store_all(loop, records_of(winners(events)))
            loop.close()
    return tables_of(ledger)
