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
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.ledger.memory_rows import Row
from touchline.processors.pipeline import Pipeline
from touchline.schemas.canonical import payload_hash_of_own

Event = dict[str, Any]
_POSITION = {"stream", "insert_number", "stored_time", "offset", "row_id", "sign"}


_CONTENTS = ["partial", "partial", "complete", "complete with words", "shown", "dismissed"]
_COMPLETENESS = ["shown", "dismissed", "partial", "complete"]


def version(
    number: int, person: int | None, minute: int, kind: str, revision: int, place: str, content: str = "complete"
) -> Event:
    """One version of the event of this number. `content` says what an answer holds."""
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
            "type": "touchline.answer.v1", "survey": place, "question": "q", "question_version": "1",
            "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10,
            "disposition": content.partition(" ")[0],
            "about": {"touchpoint": "site", "occurred_at": one["time"]},
        }  # fmt: skip
        one |= {"score": minute % 11} if content.startswith(("partial", "complete")) else {}
        one |= {"comment": "fine", "language": "en"} if content.endswith("words") else {"language": ""}
    return one


VERSIONS = st.builds(
    version,
    st.integers(0, 9),
    st.sampled_from([None, 1, 1, 2, 3]),
    st.integers(0, 4000),
    st.sampled_from(["poster", "site", "till", "unheard_of", "answer", "link"]),
    st.sampled_from([0, 0, 0, 0, 1, 2]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(_CONTENTS),
)


@st.composite
def deliveries(draw: st.DrawFn, max_size: int = 24) -> list[Event]:
    """Versions in any order: late, revised, in conflict, under another person or time, and some of them again."""
    versions = draw(st.lists(VERSIONS, min_size=1, max_size=max_size))
    again = draw(st.lists(st.sampled_from(versions), max_size=8))
    return draw(st.permutations([*versions, *again]))


def _hash_of(one: Event) -> int:
    return payload_hash_of_own(one, one.values())


def _completeness(one: Event) -> tuple[int, int, str]:
    """Of an answer: how far it got, how many of the fields that differ here it fills, and when."""
    if one["type"] != "touchline.answer.v1":
        return (-1, 0, "")
    filled = sum(bool(one.get(name)) for name in ("comment", "language")) + ("score" in one) + len(one["persons"])
    return (_COMPLETENESS.index(one.get("disposition", "complete")), filled, one["time"])


def _rank(one: Event) -> tuple[int, tuple[int, int, str]]:
    return (one.get("revision", 0), _completeness(one))


def winners(events: Sequence[Event]) -> list[Event]:
    """The versions that count, in order: of each id the highest revision, of those the most complete answer, else the smallest hash."""
    by_id: dict[str, list[Event]] = defaultdict(list)
    for one in events:
        by_id[one["id"]].append(one)
    counting = []
    for versions in by_id.values():
        top = max(map(_rank, versions))
        counting.append(min((one for one in versions if _rank(one) == top), key=_hash_of))
    return sorted(counting, key=lambda one: (one["time"], one["id"]))


def expected_fates(events: Sequence[Event]) -> dict[str, int]:
    """How many records end how, counted from the definition."""
    versions = {(one["id"], _hash_of(one)): one for one in events}
    top: dict[str, Event] = {}
    for (number, _), one in versions.items():
        top[number] = max(one, top.get(number, one), key=_rank)
    superseded = sum(_is_outdone(one, top[number]) for (number, _), one in versions.items())
    counts = {
        "received": len(events),
        "stored": len(top),
        "superseded": superseded,
        "quarantined": len(versions) - superseded - len(top),
        "duplicate": len(events) - len(versions),
    }
    return {fate: count for fate, count in counts.items() if count}


def _is_outdone(one: Event, top: Event) -> bool:
    """By a revision, or as an answer by another answer; of an answer and another event under one id neither outdoes the other."""
    if one.get("revision", 0) < top.get("revision", 0):
        return True
    return one["type"] == top["type"] == "touchline.answer.v1" and _completeness(one) < _completeness(top)


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


def expected_tables(events: Sequence[Event], pipeline: Pipeline | None = None) -> Tables:
    """One sorted pass over the versions that count, in one batch: nothing late, nothing repeated, nothing revised twice."""
    ledger = MemoryLedger()
    if events:
        with tempfile.TemporaryDirectory() as state:
            loop = make_loop(ledger, Path(state), pipeline=pipeline)
            store_all(loop, records_of(winners(events)))
            loop.close()
    return tables_of(ledger)
