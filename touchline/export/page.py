"""All that is kept of one person as a page that the person can read: one file, no script, plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from touchline.export.dealings import asks_table, cases_table, is_case, is_said, time_text
from touchline.export.values import Export, Record
from touchline.export.words import Language, words_in
from touchline.markup import Child, Markup, document, facts, table, tag
from touchline.sql.ledger.projections import ANSWER_TYPE
from touchline.terminal import plain


def page_of(export: Export, language: Language) -> str:
    """The whole page."""
    words = words_in(language)
    return document(words["title"], language.value, *_parts(export, words))


def _parts(export: Export, words: Mapping[str, str]) -> Iterator[Markup]:
    yield tag("p", words["made"].format(time=time_text(export.made_at)))
    if export.is_empty:
        yield tag("p", words["empty"])
        return
    yield tag("p", words["whole"])
    stored = [one for one in export.records.get("received", ()) if one.get("fate") == "stored"]
    yield _section("identifiers", words, tag("p", words["identifiers.note"]), _identifiers(export, words))
    yield _section("said", words, *_answers(stored, words))
    yield _section("asks", words, *asks_table(stored, words))
    yield _section("cases", words, *cases_table(stored, words))
    yield _section("happened", words, _timeline(export, stored, words))
    yield _section("journeys", words, _journeys(export, words))
    yield _section("consents", words, *_consents(export, words))
    yield _section("quarantine", words, *_kept_out(export, words))
    yield _section("readings", words, _readings(export, words))
    yield _section("elsewhere", words, tag("p", words["elsewhere.note"]))
    yield _section("records", words, tag("p", words["records.note"]), *_records(export))


def _section(name: str, words: Mapping[str, str], *content: Markup) -> Markup:
    """A section with its heading; where there is nothing in it, that is said."""
    return tag(
        "section", tag("h2", words[name], id=name), *(content or [tag("p", words["none"])]), aria_labelledby=name
    )


def _identifiers(export: Export, words: Mapping[str, str]) -> Markup:
    heads = [words[name] for name in ("type", "key", "events", "first", "last")]
    rows: list[list[Child]] = [
        [
            f"{one.type} ({words['shared']})" if one.is_shared else one.type,
            tag("code", one.identifier),
            str(one.events),
            time_text(one.first_at),
            time_text(one.last_at),
        ]
        for one in export.identifiers
    ]
    return table(words["identifiers"], heads, rows)


def _answers(stored: list[Record], words: Mapping[str, str]) -> Iterator[Markup]:
    for one in stored:
        if not is_said(one):
            continue
        about = " · ".join(filter(None, (time_text(one["event_time"]), one.get("touchpoint"), one.get("question"))))
        score = None
        if one.get("has_score"):
            score = words["score"].format(
                score=f"{one['score']:g}", low=one.get("scale_min", 0), high=one.get("scale_max", 0)
            )
        yield tag(
            "article",
            tag("h3", about),
            None if score is None else tag("p", score),
            tag("blockquote", one["comment"], lang=one.get("language")) if one.get("comment") else None,
            tag("p", words["locked"]) if "comment_locked_under" in one else None,
        )


def _timeline(export: Export, stored: list[Record], words: Mapping[str, str]) -> Markup:
    heads = [words[name] for name in ("when", "what", "where", "amount", "from")]
    rows: list[list[Child]] = [
        [
            time_text(one["event_time"]),
            " ".join(filter(None, (one.get("touchpoint"), one.get("action")))) or one.get("event_type", ""),
            ", ".join(filter(None, (one.get("place"), one.get("channel")))),
            _amount(one),
            export.sources.get(str(one.get("source")), ""),
        ]
        for one in stored
        if one.get("event_type") != ANSWER_TYPE and not is_case(one)
    ]
    rows.sort(key=lambda row: str(row[0]))
    return table(words["happened"], heads, rows)


def _journeys(export: Export, words: Mapping[str, str]) -> Markup:
    heads = [words[name] for name in ("map", "first", "last", "steps")]
    rows: list[list[Child]] = [
        [f"{one.map} {one.cycle}", time_text(one.started_at), time_text(one.last_at), str(one.touchpoints)]
        for one in export.journeys
    ]
    return table(words["journeys"], heads, rows)


def _consents(export: Export, words: Mapping[str, str]) -> Iterator[Markup]:
    if not export.consents:
        return
    heads = [words[name] for name in ("purpose", "state", "since", "until", "from")]
    rows: list[list[Child]] = [
        [
            one["purpose"],
            words.get(str(one["state"]), str(one["state"])),
            time_text(one["valid_from"]),
            time_text(one["valid_until"]),
            export.sources.get(str(one["source"]), ""),
        ]
        for one in export.consents
    ]
    yield table(words["consents"], heads, rows)


def _kept_out(export: Export, words: Mapping[str, str]) -> Iterator[Markup]:
    for one in export.quarantine:
        text = one.record if isinstance(one.record, str) else json.dumps(one.record, ensure_ascii=False, indent=1)
        reason = f"{words['reason']}: {one.reason} {one.field}".rstrip()
        yield tag(
            "article",
            tag("h3", f"{time_text(one.received_at)} · {one.source}"),
            tag("p", reason),
            tag("blockquote", text),
        )
    if export.locked:
        yield tag("p", words["locked"])


def _readings(export: Export, words: Mapping[str, str]) -> Markup:
    heads = [words["when"], words["what"], words["texts"]]
    return table(
        words["readings"], heads, [[time_text(one.read_at), one.way, str(one.opened)] for one in export.readings]
    )


def _records(export: Export) -> Iterator[Markup]:
    for kind, records in export.records.items():
        for one in records:
            name = " · ".join(filter(None, (kind, one.get("source"), one.get("event_id"), one.get("map"))))
            yield tag("details", tag("summary", name), facts(_pairs(one)))


def _pairs(record: Record) -> list[tuple[str, Child]]:
    return [(name, _text(value)) for name, value in record.items()]


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, str | int | float):
        return str(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=plain)


def _amount(one: Record) -> str:
    if not one.get("currency"):
        return ""
    amount = Decimal(one["amount_minor"]).scaleb(-int(one["currency_exponent"]))
    return f"{amount} {one['currency']}"
