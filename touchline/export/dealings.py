"""What was decided and done about the person, for the page: when they were to be asked, and when somebody was to look after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from touchline.export.values import Record
from touchline.markup import Child, Markup, table
from touchline.schemas.events import CASE
from touchline.sql.ledger.projections import ANSWER_TYPE

_SAID: Final = frozenset(("", "complete", "partial"))
"""Dispositions of answers in which somebody said something."""


def is_said(record: Record) -> bool:
    """Whether the record is an answer in which the person told something."""
    is_answer = record.get("event_type") == ANSWER_TYPE
    return is_answer and (bool(record.get("comment")) or str(record.get("disposition", "")) in _SAID)


def is_case(record: Record) -> bool:
    """Whether it says how far a case has come."""
    return record.get("event_type") == CASE


def asks_table(stored: Sequence[Record], words: Mapping[str, str]) -> list[Markup]:
    """Every question that was decided on, answered or not, and why it was not asked; nothing where there is none."""
    asked = [one for one in stored if one.get("event_type") == ANSWER_TYPE and one.get("disposition")]
    rows: list[list[Child]] = [
        [
            time_text(one["event_time"]),
            " · ".join(filter(None, (one.get("touchpoint"), one.get("question")))),
            str(one["disposition"]),
            _property(one, "reason"),
        ]
        for one in asked
    ]
    heads = [words[name] for name in ("when", "what", "state", "reason")]
    return [table(words["asks"], heads, rows)] if rows else []


def cases_table(stored: Sequence[Record], words: Mapping[str, str]) -> list[Markup]:
    """What was said of cases, in the order of time; nothing where there is none."""
    rows: list[list[Child]] = [
        [
            time_text(one["event_time"]),
            " · ".join(filter(None, (_property(one, "rule"), one.get("touchpoint")))),
            str(one.get("action", "")),
            ", ".join(filter(None, (_property(one, "owner"), _property(one, "cause")))),
        ]
        for one in stored
        if is_case(one)
    ]
    heads = [words[name] for name in ("when", "what", "state", "by")]
    return [table(words["cases"], heads, rows)] if rows else []


def time_text(moment: datetime | None) -> str:
    """As the page shows times."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _property(record: Record, name: str) -> str:
    return str((record.get("properties") or {}).get(name, ""))
