"""Requests to answer, recounted in plain Python: by what the most complete version of each says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from clickhouse_driver import Client

from tests.contract.sql.rows import NOON, answer as answer_row, received, write
from tests.contract.sql.stored import answer
from touchline.schemas.answer import BY_COMPLETENESS

RANK = {name: number for number, name in enumerate(BY_COMPLETENESS)}
CHAIN = ("eligible", "sampled", "invited", "delivered", "shown", "started", "answered")
NOT_ASKED = ("not_asked_fatigue", "not_asked_no_consent", "not_asked_withdrawn", "not_asked_other", "not_sampled")
ONLY = ("only_sampled", "only_invited", "only_delivered", "only_shown", "only_started")
ENDED = ("bounced", "dismissed", "refused", "ineligible", "expired", "partial", "complete")
OUTCOMES = (*NOT_ASKED, *ONLY, *ENDED)
LETTERS = ("i", "p", "r", "nc", "o", "uh", "uo", "ne")
REASONS = ("fatigue", "no_consent", "consent_withdrawn", "", "whatever")
REACHED = ("sampled", "invited", "delivered", "shown", "started", "", "nonsense")
Key = tuple[Any, ...]
SCREENED = ("bounced", "dismissed", "refused", "expired")


def version(number: int, disposition: str, **fields: Any) -> dict[str, Any]:
    """A version of request `number`, with a score where it has one."""
    made = answer(number, number % 7, 60 * (number % 50), **fields) | {"disposition": disposition}
    if disposition not in ("complete", "partial"):
        del made["score"]
    return made


def random_request(random: Random, number: int) -> list[dict[str, Any]]:
    """All versions of one request."""
    fields: dict[str, Any] = {
        "survey": random.choice(("one_score", "effort")), "question": random.choice(("recommend", "ease")),
        "question_version": random.choice(("1", "2")), "language": random.choice(("de", "fr", "")),
        "about": random.choice(("till", "site")), "simulated": random.random() < 0.1,
    }  # fmt: skip
    versions = []
    for disposition in random.sample(BY_COMPLETENESS, random.randint(1, 4)):
        said = {"reason": random.choice(REASONS)} if disposition == "eligible" else {}
        if disposition == "expired":
            said = {"reached": random.choice(REACHED)}
        if disposition in SCREENED and random.random() < 0.3:
            said |= {"reason": "not_eligible"}
        properties = {name: text for name, text in said.items() if text}
        versions.append(version(number, disposition, **fields, **({"properties": properties} if properties else {})))
    return versions


def counting(versions: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The version that counts."""
    return max(versions, key=lambda one: RANK[one["disposition"]])


def outcome_of(one: Mapping[str, Any]) -> str:
    """The one outcome in which a request stands."""
    disposition, reason = one["disposition"], one.get("properties", {}).get("reason", "")
    if disposition == "eligible":
        known = {"fatigue": "fatigue", "no_consent": "no_consent", "consent_withdrawn": "withdrawn"}
        return f"not_asked_{known.get(reason, 'other')}"
    if reason == "not_eligible" and disposition in SCREENED:
        return "ineligible"
    return f"only_{disposition}" if f"only_{disposition}" in ONLY else str(disposition)


def steps_of(one: Mapping[str, Any]) -> int:
    """How many steps of CHAIN it came to."""
    disposition = one["disposition"]
    if disposition == "expired":
        reached = one.get("properties", {}).get("reached", "")
        disposition = reached if reached in ("sampled", "delivered", "shown", "started") else "invited"
    last = {
        "eligible": "eligible", "not_sampled": "eligible", "bounced": "invited", "dismissed": "shown", "refused": "shown",
        "partial": "answered", "complete": "answered",
    }  # fmt: skip
    return CHAIN.index(last.get(disposition, disposition)) + 1


def letter_of(one: Mapping[str, Any]) -> str | None:
    """AAPOR's letter; None for who was not sampled."""
    outcome, steps = outcome_of(one), steps_of(one)
    if steps == 1:
        return None
    known = {"complete": "i", "partial": "p", "dismissed": "r", "refused": "r", "bounced": "uo", "ineligible": "ne"}
    by_step = {2: "uh", 3: "uh", 4: "nc", 5: "nc", 6: "r"}
    return known.get(outcome) or by_step[steps]


def recounted(requests: Iterable[Iterable[Mapping[str, Any]]], key: Any) -> dict[Key, Counter[str]]:
    """The counts of both views by what `key` makes of the version that counts."""
    found: dict[Key, Counter[str]] = {}
    for versions in requests:
        one = counting(versions)
        counts = found.setdefault(key(one), Counter())
        counts.update(CHAIN[: steps_of(one)])
        counts[outcome_of(one)] += 1
        if letter := letter_of(one):
            counts[f"aapor_{letter}"] += 1
    return found


def rows_of_view(client: Client, source: str) -> list[dict[str, Any]]:
    """The rows of a view by column."""
    rows, columns = client.execute(f"SELECT * FROM {source}", with_column_types=True)
    return [dict(zip((name for name, _ in columns), row, strict=True)) for row in rows]


def put(client: Client, counts: Mapping[str, int], start: int = 1, **values: Any) -> None:
    """So many requests of each disposition, as hand-made rows; `ineligible` are those that were screened out."""
    attached_rows, said = [], []
    for name, count in counts.items():
        disposition, reason = ("refused", "not_eligible") if name == "ineligible" else (name, "")
        for _ in range(count):
            given = {
                "disposition": disposition,
                "survey": "policy",
                "question": "recommend",
                "about_time": NOON,
            } | values
            has_score = int(disposition in ("complete", "partial"))
            attached_rows.append(answer_row(start, "nps", 9 if has_score else 0, (0, 10), has_score=has_score, **given))
            of_event = {"event_type": "touchline.answer.v1", "disposition": disposition}
            said.append(
                received(1_000_000 + start, "stored", start, event_id=f"e{start}", **of_event)
                | {"properties": {"reason": reason}}
            )
            start += 1
    write(client, attached_rows)
    write(client, said)
